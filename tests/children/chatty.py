#!/usr/bin/env python3
"""Floods stderr while it reads its input: lines that end in a carriage return only, and one of LINE_BYTES."""

import os
import sys

LINE_BYTES = int(os.environ.get("LINE_BYTES", "1000000"))
LINES = int(os.environ.get("LINES", "10000"))

out = sys.stderr.buffer
for number in range(LINES):
    out.write(b"frame=%6d fps= 30 q=-1.0 size=N/A time=N/A bitrate=N/A speed=1x    \r" % number)
out.write(b"x" * LINE_BYTES + b"\n")
out.write(b"Error: the last words\n")
out.flush()
while os.read(0, 65536):
    pass
