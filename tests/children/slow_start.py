#!/usr/bin/env python3
"""Does nothing for SECONDS, and then becomes the real ffmpeg that FFMPEG names."""

import os
import sys
import time

time.sleep(float(os.environ.get("SECONDS", "3")))
os.execv(os.environ["FFMPEG"], [os.environ["FFMPEG"], *sys.argv[1:]])
