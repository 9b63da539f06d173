"""The controller, killed at everything it does to the world: its successor ends where it would have ended.

Everything is real but the runners' media: `spiritstream serve` with its folders, locks and sockets, and
runners that are processes of their own and hold a connection for each target.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

import spiritstream
from tests.control.crash_scenarios import SCENARIOS

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux shows processes in /proc")

ROOT = Path(__file__).parents[2]
RUNNER = Path(spiritstream.__file__).parents[1]
# What each scenario must at least have been killed at: that the counting sees it.
SEEN = {
    "first_start": {
        "mkdir",
        "open",
        "fcntl.flock",
        "fsync",
        "rename",
        "remove",
        "link",
        "socket.bind",
        "spawn",
    },
    "edits": {"open", "fsync", "rename", "send apply"},
    "orders": {"open", "fsync", "rename", "send stop", "send apply", "spawn runner", "send ok"},
    "files": {"open profiles", "rename profiles", "remove profiles", "remove state", "send stop", "send ok"},
    "ends": {"spawn runner", "send stop", "send apply", "remove state"},
    "again": {"spawn runner", "send stop", "remove run"},
}


def played(scenario: str) -> list[dict[str, Any]]:
    """Every run of a scenario, the one without a kill first."""
    environment = {**os.environ, "PYTHONPATH": f"{RUNNER}{os.pathsep}{ROOT}"}
    with TemporaryDirectory(prefix="spirit-") as folder:
        command = [sys.executable, "-m", "tests.control.crash_scenarios", folder, scenario]
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=500)
    assert "" == done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.timeout(520)
@pytest.mark.usefixtures("no_process_left")
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_killed_controllers_successor_ends_where_it_would_have(scenario: str) -> None:
    """The same is on air, kept, said and left behind; no target ever had two senders or lost its connection.

    No key is in a file, a log, a command line or an environment.
    """
    whole, *runs = played(scenario)
    assert "" == whole.get("failed", "")
    assert ([], []) == (whole["found"]["faults"], whole["found"]["secrets"])
    nothing = {"files": ["run/spiritstream/controller.lock"], "runners": [], "on air": []}
    assert nothing == whole["found"]["down"]
    for kind in SEEN[scenario]:
        assert any(kind in run["at"] for run in runs), kind
    failed = [(run["at"], run["failed"]) for run in runs if "failed" in run]
    assert not failed, "\n".join(f"killed at {at}: {text}" for at, text in failed)
    for run in runs:
        ever = run["found"].pop("ever") if SCENARIOS[scenario].anew else {}
        assert all(count <= whole["found"]["ever"][target] + 1 for target, count in ever.items()), run["at"]
        wanted = {name: what for name, what in whole["found"].items() if name in run["found"]}
        assert wanted == run["found"], run["at"]
    # The last answer may be on its way when the person has what they want.
    assert 0.8 < sum(run["killed"] for run in runs) / len(runs) <= 1
