"""What holds for all tests: skips are failures in CI, and no test leaves a process behind."""

from __future__ import annotations

import os
import re
import signal
import socket
import time
from collections.abc import Generator, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import hypothesis
import pytest

from tests.live import nginx
from tests.live.ffmpegs import ffmpegs, version
from tests.live.processes import descendants, kill

IN_CI = os.environ.get("CI") == "true"
_GRACE_S = 2.0
_MADE_KEY = re.compile(r"spirit-(?:identity|recipient)-v1-[\w-]*|[\w-]*-1v-(?:ytitnedi)-tirips")

# A shell that starts us in the background lets us ignore ctrl-C, and every program that we start would, too.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# A busy machine makes any example slow, which is no fault of what is tested.
hypothesis.settings.register_profile("here", deadline=None)
hypothesis.settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
hypothesis.settings.load_profile("ci" if IN_CI else "here")


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    """The plugin that runs a failed test once more talks over TCP around each test, in messages so small that
    each would wait 40 ms for the one before to be acknowledged.
    """
    database = getattr(config, "failures_db", None)
    if isinstance(connection := getattr(database, "sock", None), socket.socket):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def pytest_make_parametrize_id(val: object) -> str | None:
    """A key that was made at random is left out of a test's name: workers must agree on the names."""
    if not isinstance(val, str) or "spirit-" not in val:
        return None
    return _MADE_KEY.sub("made", val).encode("unicode_escape").decode()


def pytest_report_header() -> list[str]:
    """Says which real parts the tests run on."""
    found = ", ".join(f"{name} {version(path)}" for name, path in ffmpegs().items())
    return [f"ffmpeg: {found or 'missing'}", f"nginx-rtmp: {nginx.missing() or 'here'}"]


def skip_is_failure(report: pytest.TestReport | pytest.CollectReport) -> None:
    """Turns a skip's report into a failure's. An expected failure also counts as skipped: it may stay."""
    if report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.longrepr = f"{reason}\nUnder CI=true every test must run: a skip is a failure."


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A test that is skipped in CI would never be missed."""
    report = yield
    if IN_CI:
        skip_is_failure(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Nor would a whole module."""
    report = yield
    if IN_CI:
        skip_is_failure(report)
    return report


@pytest.fixture(scope="session", autouse=True)
def _own_folders() -> Iterator[None]:
    """No test sees what the person who runs it has on air, or keeps; short names, as sockets are there."""
    with TemporaryDirectory(prefix="spirit-") as name, pytest.MonkeyPatch.context() as patch:
        for place in ("CONFIG_HOME", "DATA_HOME", "STATE_HOME", "CACHE_HOME", "RUNTIME_DIR"):
            folder = Path(name, place.lower())
            folder.mkdir(mode=0o700)
            patch.setenv(f"XDG_{place}", str(folder))
        yield


@pytest.fixture
def short_folder() -> Iterator[Path]:
    """A folder for sockets: their paths are bounded, and those of `tmp_path` are long."""
    with TemporaryDirectory(prefix="spirit-") as name:
        yield Path(name)


@pytest.fixture
def no_process_left() -> Iterator[None]:
    """Fails a test that leaves a descendant running, and ends it."""
    before = {process.pid for process in descendants()}
    yield
    end = time.monotonic() + _GRACE_S
    while left := [process for process in descendants() if process.pid not in before]:
        if time.monotonic() > end:
            for process in left:
                kill(process.pid)
            pytest.fail(f"left running: {', '.join(map(str, left))}")
        time.sleep(0.02)
