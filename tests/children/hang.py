#!/usr/bin/env python3
"""Never reads, never writes, and ignores every polite signal: only SIGKILL ends it."""

import signal
import sys

for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGPIPE):
    signal.signal(number, signal.SIG_IGN)
print("hanging", file=sys.stderr, flush=True)
while True:
    signal.pause()
