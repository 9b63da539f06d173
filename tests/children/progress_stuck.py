#!/usr/bin/env python3
"""Takes all its input and reports progress in time, yet its media never advances: alive, but hung.

STUCK_AT is the out_time that it stays at, in seconds; reports come each PERIOD seconds.
"""

import os
import select
import sys
import time

STUCK_AT = float(os.environ.get("STUCK_AT", "2"))
PERIOD = float(os.environ.get("PERIOD", "0.5"))
target = sys.argv[sys.argv.index("-progress") + 1] if "-progress" in sys.argv else "pipe:1"
fd = int(target.removeprefix("pipe:"))
micros = int(STUCK_AT * 1_000_000)
report = f"frame=60\nfps=30.0\ntotal_size=1000\nout_time_us={micros}\nspeed=1x\nprogress=continue\n".encode()
due = time.monotonic()
while True:
    if select.select([0], [], [], max(0.0, due - time.monotonic()))[0] and not os.read(0, 65536):
        break
    if time.monotonic() >= due:
        os.write(fd, report)
        due += PERIOD
