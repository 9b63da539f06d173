"""What holds for all tests: skips are failures in CI, and no test leaves a process behind."""

from __future__ import annotations

import os
import time
from collections.abc import Generator, Iterator

import hypothesis
import pytest

from tests.live import nginx
from tests.live.ffmpegs import ffmpegs, version
from tests.live.processes import descendants, kill

IN_CI = os.environ.get("CI") == "true"
_GRACE_S = 2.0

# A busy machine makes any example slow, which is no fault of what is tested.
hypothesis.settings.register_profile("here", deadline=None)
hypothesis.settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
hypothesis.settings.load_profile("ci" if IN_CI else "here")


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
