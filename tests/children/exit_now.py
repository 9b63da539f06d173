#!/usr/bin/env python3
"""Says TEXT on stderr, and exits with CODE at once."""

import os
import sys

sys.stderr.write(os.environ.get("TEXT", "Connection refused") + "\n")
sys.exit(int(os.environ.get("CODE", "1")))
