"""Make the vectors again: what real ffmpegs write to `-progress`.

    python collect.py 5.1.9=/usr/bin/ffmpeg 9.0.2=/path/to/ffmpeg

A vector is the raw bytes. What they mean stands in expected.json, which a person reads before it is kept.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
STYLE = "-hide_banner -nostdin -nostats -y -loglevel error -progress pipe:1 -stats_period 0.4".split()
PICTURE = "-re -f lavfi -i testsrc2=s=160x120:r=15".split()
TONE = "-re -f lavfi -i sine=r=48000".split()
H264 = "-c:v libx264 -preset ultrafast -g 15 -pix_fmt yuv420p -c:a aac".split()
CASES = {
    "copy": ["-re", "-i", "{show}", "-c", "copy", "-f", "flv", "/dev/null"],
    "encoder": [*PICTURE, *TONE, *H264, "-t", "1.5", "-f", "flv", "/dev/null"],
    "audio-only": [*TONE, "-c:a", "aac", "-t", "1.5", "-f", "adts", "/dev/null"],
    "null": ["-i", "{show}", "-f", "null", "-"],
    "duplicates": [*PICTURE, "-t", "1.5", "-r", "40", "-f", "null", "-"],
    "drops": [*PICTURE, "-t", "1.5", "-r", "5", "-f", "null", "-"],
    "nothing": ["-f", "lavfi", "-i", "testsrc2=s=160x120", "-t", "0", "-f", "null", "-"],
}


def main(arguments: list[str]) -> None:
    """Run every case with every ffmpeg."""
    with tempfile.TemporaryDirectory() as folder:
        show = f"{folder}/show.mp4"
        for version, ffmpeg in (a.split("=", 1) for a in arguments):
            quick = [part for part in (*PICTURE, *TONE) if part != "-re"]
            make = [ffmpeg, "-y", "-v", "error", *quick, "-t", "1.5", *H264, show]
            subprocess.run(make, check=True)
            for name, case in CASES.items():
                args = [ffmpeg, *STYLE, *(a.replace("{show}", show) for a in case)]
                done = subprocess.run(args, stdout=subprocess.PIPE, check=False)
                (HERE / f"{name}.{version}.txt").write_bytes(done.stdout)


if __name__ == "__main__":
    main(sys.argv[1:])
