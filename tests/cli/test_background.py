"""A controller in the background: what is said past its log goes to the same file, and is bounded with it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from spiritstream.cli import serving


def test_what_python_says_past_the_log_is_bounded_with_it(tmp_path: Path) -> None:
    """What leads to the log follows it when it is turned; what leads elsewhere is left alone."""
    log, code = (
        tmp_path / "controller.log",
        "from spiritstream.cli.serving import _leading_to as f; import sys",
    )
    with log.open("ab") as stream:
        done = subprocess.run(
            [sys.executable, "-c", f"{code}, pathlib; print(*f(pathlib.Path(sys.argv[1])))", log],
            stdout=stream,
            stderr=subprocess.DEVNULL,
            timeout=60,
        )
    assert (0, "1\n") == (done.returncode, log.read_text())
    assert () == serving._leading_to(tmp_path / "nowhere")
