"""A platform that begins a new video with each connection, and goes away again and again: a real nginx."""

from __future__ import annotations

import json
import time
from functools import partial
from pathlib import Path

import pytest

from spiritstream.model.lifecycle import State
from spiritstream.model.status import UnitStatus
from tests.live.conftest import NginxMaker
from tests.live.program import Home, running

_WITHIN_MINUTES = 30
_PLATFORM = """\
name: Vidflap
sources: [{{source: this test, as_of: "2026-11"}}]
reconnect:
  most: 2
  within_minutes: {minutes}
  reason: Vidflap begins a new video with each connection.
  source: this test
  as_of: "2026-11"
protocols: [rtmp]
key_placement: append
servers:
  - {{name: Only, url: "{url}"}}
"""


def _write(home: Home, url: str, sender: str) -> Path:
    """The platform, an own one, and a show with a target on it and one beside it that knows no budget."""
    platforms = home.made("xdg_config_home") / "spiritstream" / "platforms"
    platforms.mkdir(parents=True)
    (platforms / "vidflap.yaml").write_text(_PLATFORM.format(minutes=_WITHIN_MINUTES, url=url))
    (home.work / "key").write_text("canary-budget")
    (home.work / "other").write_text("canary-other")
    targets = {
        "counted": {"platform": "vidflap", "key": {"file": str(home.work / "key")}},
        "free": {"url": url.replace("127.0.0.1", "localhost"), "key": {"file": str(home.work / "other")}},
    }
    show = {
        "version": 1,
        "name": "flapping",
        "input": {"test": {"size": "160x90", "fps": 10, "bitrate": "60k"}},
        "groups": {"source": {"sender": sender, "targets": targets}},
    }
    profile = home.work / "flapping.yaml"
    profile.write_text(json.dumps(show))
    return profile


def _waits(unit: UnitStatus) -> bool:
    return unit.cause is not None and unit.cause.code == "reconnect-budget"


def _lost(times: int, unit: UnitStatus) -> bool:
    return unit.restarts >= times


@pytest.mark.parametrize("sender", ["native", "ffmpeg"])
async def test_it_is_retried_gently(
    sender: str, tmp_path: Path, short_folder: Path, make_nginx: NginxMaker, any_ffmpeg: str
) -> None:
    """The first loss is mended by itself. After the second one the target waits for its budget, and says why
    and until when; the one beside it comes back. By hand it is back at once.
    """
    home = Home(short_folder)
    async with make_nginx(record=False) as nginx:
        profile = _write(home, nginx.url(), sender)
        async with running(home, profile, "--ffmpeg", any_ffmpeg) as program:
            for times in (1, 2):
                await program.live("counted", "free")
                await nginx.stop()
                await program.until("free", partial(_lost, times))
                held = await program.until("counted", lambda unit: unit.state is State.WAITING)
                assert _waits(held) is (times == 2)
                await nginx.start()
            await program.live("free")
            held = await program.until("counted", lambda unit: True)
            assert (State.WAITING, True) == (held.state, _waits(held))
            assert held.cause is not None
            assert held.next_retry is not None
            assert "Vidflap begins a new video with each connection" in held.cause.message
            assert "`spiritstream restart flapping/source/counted` tries at once" == held.cause.advice
            assert held.next_retry - time.time() > _WITHIN_MINUTES * 60 - 120
            await program.ask("restart", path="source/counted")
            await program.live("counted")
        assert "canary-" not in program.said()
