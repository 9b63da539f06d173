"""The command line: one file for each noun; parses flags, calls one function, maps errors to exit codes."""
