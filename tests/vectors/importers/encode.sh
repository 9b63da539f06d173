ffmpeg -re -stream_loop -1 -i /srv/video.mp4 \
  -c:v libx264 -preset veryfast -b:v 4500K -maxrate 4500k -bufsize 9000k -r 30 -g 60 -vf scale=1280:720 -c:a aac -b:a 160k -ar 44100 -f flv "rtmp://live-fra.twitch.tv/app/CANARY-enc-twitch" \
  -c:v h264_nvenc -b:v 8M -s 1920x1080 -force_key_frames "expr:gte(t,n_forced*2)" -c:a aac -f flv rtmps://a.rtmps.youtube.com/live2/CANARY-enc-youtube \
  -c copy -f mpegts "srt://relay.example:9000?mode=caller&passphrase=CANARY-enc-phrase" \
  -c copy out.mp4
