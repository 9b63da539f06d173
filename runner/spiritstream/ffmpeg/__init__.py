"""What is asked of ffmpeg, and what it answers: argv, encoders, children, progress, causes."""
