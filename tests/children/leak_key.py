#!/usr/bin/env python3
"""Prints its whole command line to stderr, as ffmpeg prints URLs, reads its input, and exits with CODE."""

import os
import sys

print("Output #0, flv, to:", *sys.argv[1:], file=sys.stderr, flush=True)
while os.read(0, 65536):
    pass
sys.exit(int(os.environ.get("CODE", "1")))
