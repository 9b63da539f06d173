"""Make the vectors again: run real ffmpegs into every failure that loopback allows.

    python -m tests.vectors.stderr.collect 5.1.9=/usr/bin/ffmpeg 9.0.2=/path/to/ffmpeg [--only NAME]

Each vector is a small head (kind, returncode, expect), an empty line, then the child's stderr with paths,
ports and memory addresses replaced by neutral ones. Needs nginx with its rtmp module, openssl and root
(for a small full disk, and to run a child as nobody). A new vector is written with `expect: ?`: a person
reads it and says what it means (`expect`, `person`, for FLV `refuses`); what was judged is kept.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.vectors.stderr import peers
from tests.vectors.stderr.trials import CODECS, COPY, Trial, rtmp, trials

HERE = Path(__file__).parent
STYLE = ("-hide_banner", "-nostdin", "-nostats", "-y", "-loglevel", "level+info", "-progress", "pipe:1")
LOOP = ("-v", "quiet", "-re", "-stream_loop", "-1", "-i")
NGINX = """
load_module /usr/lib/nginx/modules/ngx_rtmp_module.so;
daemon off; master_process off; pid nginx.pid; error_log error.log;
events {}
rtmp { access_log off; server { listen 127.0.0.1:%d;
  application live { live on; }
  application refused { live on; on_publish http://127.0.0.1:%d/; }
  application unknown { live on; on_publish http://127.0.0.1:%d/; }
  application denied { live on; deny publish all; }
} }
"""


def make_media(folder: Path, ffmpeg: str) -> None:
    """The files that the trials read."""
    quiet = [ffmpeg, "-hide_banner", "-nostdin", "-loglevel", "error", "-y"]
    source = ["-f", "lavfi", "-i", "testsrc2=s=160x120:r=15", "-f", "lavfi", "-i", "sine=r=48000", "-t", "3"]
    h264 = "-c:v libx264 -preset ultrafast -g 15 -pix_fmt yuv420p -c:a aac".split()
    for name in ("show.mp4", "show.flv", "show.ts"):
        subprocess.run([*quiet, *source, *h264, str(folder / name)], check=True)
    for name, args in CODECS.items():
        subprocess.run([*quiet, *source, *args.split(), str(folder / f"{name}.mkv")], check=True)
    whole = (folder / "show.mp4").read_bytes()
    (folder / "cut.mp4").write_bytes(whole[: len(whole) // 3])
    (folder / "lines.srt").write_text("1\n00:00:00,000 --> 00:00:02,000\nHello\n")
    (folder / "missing.ffconcat").write_text("ffconcat version 1.0\nfile show.mp4\nfile nothing.mp4\n")
    (folder / "outside.ffconcat").write_text("ffconcat version 1.0\nfile /nowhere/nothing.mp4\n")
    (folder / "cut.flv").write_bytes((folder / "show.flv").read_bytes()[:9])
    (folder / "garbage.mp4").write_bytes(bytes(range(7, 250)) * 400)
    (folder / "garbage.flv").write_bytes(b"\xff\x13" * 5000)
    (folder / "text.mp4").write_text("this is no film\n" * 20)
    (folder / "empty.mp4").write_bytes(b"")
    (folder / "private.mp4").write_bytes(whole)
    (folder / "private.mp4").chmod(0o600)
    for path in (folder, *folder.glob("*.*")):
        path.chmod(path.stat().st_mode | (0o055 if path.name != "private.mp4" else 0))


def fill(args: tuple[str, ...], names: dict[str, str]) -> list[str]:
    """The arguments with their placeholders filled."""
    return [re.sub(r"\{([^}]+)\}", lambda m: names[m[1]], arg) for arg in args]


def run(ffmpeg: str, trial: Trial, names: dict[str, str]) -> tuple[int, str]:
    """Run one trial: exit status and stderr."""
    out = subprocess.DEVNULL
    if trial.deaf:
        reader, out = os.pipe()
        os.close(reader)
    limit = ["prlimit", "--as=1500000000"] if trial.name.endswith("no-memory") else []
    child = subprocess.Popen(
        [*limit, ffmpeg, *STYLE, *fill(trial.args, names)],
        stdin=subprocess.PIPE,
        stdout=out,
        stderr=subprocess.PIPE,
        user=trial.user,
    )
    if trial.deaf:
        os.close(out)
    if trial.signal:
        time.sleep(trial.settle_s)
        child.send_signal(trial.signal)
    try:
        _, text = child.communicate(trial.stdin, timeout=15)
    except subprocess.TimeoutExpired:
        child.kill()
        print(f"{trial.name}: hung")
        _, text = child.communicate()
    return child.returncode, text.decode(errors="replace")


def neutral(text: str, names: dict[str, str]) -> str:
    """Without what is of this machine and this run."""
    text = text.replace(names["folder"], "/media").replace(names["full"], "/media/full")
    text = re.sub(r"0x[0-9a-f]{8,16}\b", "0x55d0c0de", text)
    text = re.sub(r"^\d\d:\d\d:\d\d\.\d+/SRT", "12:00:00.000000/SRT", text, flags=re.M)
    text = re.sub(r"(SRT\.\w+: )@\d+", r"\1@100000001", text)
    text = re.sub(r"127\.0\.0\.1:\d{4,5}", "127.0.0.1:1935", text)
    text = re.sub(r"\b(live|refused|unknown|denied|nowhere)/(key|taken|nobody)\b", r"\1/***", text)
    return text.replace("not-the-right-one", "***").replace("passphrase=short", "passphrase=***")


def write(trial: Trial, version: str, code: int, text: str) -> None:
    """Store a vector, keeping what a person has judged already."""
    path = HERE / f"{trial.name}.{version}.txt"
    old = path.read_text().partition("\n\n")[0] if path.exists() else "expect: ?"
    judged = "".join(
        f"{line}\n" for line in old.splitlines() if not line.startswith(("kind:", "returncode:"))
    )
    lines = text.splitlines()
    shown = lines if len(lines) <= 60 else [*lines[:40], *lines[-20:]]
    head = f"kind: {trial.kind}\nreturncode: {code}\n{judged}\n"
    path.write_text(head + "".join(f"{line}\n" for line in shown))


def srt_listener(ffmpeg: str, url: str, limit: str = "") -> list[str]:
    """A command that listens again whenever a caller has left."""
    return ["sh", "-c", f'while :; do {ffmpeg} -v quiet -i "{url}" {limit} -f null - & wait; done']


def main(arguments: list[str]) -> None:
    """Run all trials with all ffmpegs."""
    ffmpegs = dict(a.split("=", 1) for a in arguments if "=" in a)
    only = arguments[arguments.index("--only") + 1] if "--only" in arguments else ""
    folder = Path(tempfile.mkdtemp())
    (folder / "private").mkdir(mode=0o700)
    full = folder / "full"
    full.mkdir()
    make_media(folder, next(iter(ffmpegs.values())))
    nginx = peers.free_port()
    srt, srt2 = (peers.free_port(socket.SOCK_DGRAM) for _ in range(2))
    hooks = (peers.serve(peers.http(s)) for s in ("403 Forbidden", "404 Not Found"))
    (folder / "nginx.conf").write_text(NGINX % (nginx, *hooks))
    names = {p.name: str(p) for p in folder.iterdir()} | {
        "folder": str(folder),
        "full": str(full),
        "null": "/dev/null",
        "nginx": str(nginx),
        "srt": str(srt),
        "srt2": str(srt2),
    }
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16k", "tmpfs", full], check=True)
    any_ffmpeg = next(iter(ffmpegs.values()))
    helpers = [
        ["nginx", "-p", str(folder), "-e", f"{folder}/error.log", "-c", f"{folder}/nginx.conf"],
        [any_ffmpeg, *LOOP, str(folder / "show.flv"), *COPY, rtmp(nginx, "live/taken")],
        srt_listener(any_ffmpeg, f"srt://127.0.0.1:{srt}?mode=listener&passphrase=a-passphrase-of-ours"),
        srt_listener(any_ffmpeg, f"srt://127.0.0.1:{srt2}?mode=listener", "-t 1"),
    ]
    running = []
    null = subprocess.DEVNULL
    try:
        for command in helpers:
            running.append(
                subprocess.Popen(command, stdin=null, stdout=null, stderr=null, start_new_session=True)
            )
            time.sleep(1)
        for trial in trials(folder, nginx):
            if only and not re.search(only, trial.name):
                continue
            for version, ffmpeg in ffmpegs.items():
                code, text = run(ffmpeg, trial, names)
                write(trial, version, code, neutral(text, names))
                for left in (*full.iterdir(), *folder.glob("out.*")):
                    left.unlink()
    finally:
        for process in running:
            subprocess.run(["kill", "-KILL", "--", f"-{process.pid}"], check=False)
            process.wait()
        subprocess.run(["umount", full], check=False)
        shutil.rmtree(folder)


if __name__ == "__main__":
    main(sys.argv[1:])
