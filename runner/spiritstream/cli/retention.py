"""How long logs are kept, those of shows that are on air no more included."""

from __future__ import annotations

from pathlib import Path

from spiritstream.cli.logfile import older
from spiritstream.cli.rotating import tidy_log
from spiritstream.control.runnerlock import lock_of, no_runner


def tidy_logs(state: Path, days: int) -> None:
    """Remove what is too old from the logs that nobody writes to; `state` is the state's folder.

    A runner looks after its own. OSError as the system says.
    """
    names = {path.name.partition(".jsonl")[0] for path in (state / "logs").glob("*.jsonl*")}
    for name in names:
        tidy_unwritten(state, name, days)


def tidy_unwritten(state: Path, name: str, days: int) -> None:
    """As `tidy_logs`, for one show."""
    path = state / "logs" / f"{name}.jsonl"
    if not any(part.exists() for part in (path, older(path))):
        return
    with no_runner(lock_of(state, name)) as free:
        if free:
            tidy_log(path, days)
