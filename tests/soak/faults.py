"""What happens to a show in a soak, as the world would do it."""

from __future__ import annotations

import os
import random
import signal
from collections.abc import Callable
from pathlib import Path

from tests.bench.served import Served
from tests.bench.show import Show, profile_text, source_group, target
from tests.soak.platforms import BEHAVIOURS

# A target whose media nobody disturbs, except through the input.
UNDISTURBED = "normal"
_ADDED = "added"
_DOWN_S = 3.0

After = Callable[[float, Callable[[], object]], object]


class Faults:
    """One fault at a time; each says what it did."""

    def __init__(
        self, show: Show, platforms: Served, playlist: list[Path], draw: random.Random, after: After
    ) -> None:
        """`after` calls something after some seconds."""
        self._show = show
        self._platforms = platforms
        self._playlist = playlist
        self._draw = draw
        self._after = after
        self._with_added = False
        self._known = (
            self._kill_sender,
            self._kill_encoder,
            self._kill_input,
            self._restart_platform,
            self._read_again,
            self._edit,
            self._edit,
        )
        self._due: list[Callable[[], str]] = []

    def one(self) -> str:
        """Do one of them, drawn by lot; all have their turn before one has its second."""
        if not self._due:
            self._due = self._draw.sample(self._known, len(self._known))
        return self._due.pop()()

    def _kill_sender(self) -> str:
        name = self._somebody()
        return self._kill(name, f"sender of '{name}' killed")

    def _kill_encoder(self) -> str:
        return self._kill("small", "encoder killed")

    def _kill_input(self) -> str:
        return self._kill("input", "input child killed")

    def _kill(self, unit: str, done: str) -> str:
        pid = self._show.pids().get(unit)
        if pid is None:
            return f"({unit} had no process to kill)"
        os.kill(pid, signal.SIGKILL)
        return done

    def _restart_platform(self) -> str:
        name = self._somebody()
        number = list(BEHAVIOURS).index(name)
        self._platforms.tell("stop", number)
        self._after(_DOWN_S, lambda: self._platforms.tell("start", number))
        return f"platform of '{name}' down for {_DOWN_S:g} s"

    def _read_again(self) -> str:
        os.kill(self._show.pid, signal.SIGHUP)
        return "SIGHUP"

    def _edit(self) -> str:
        self._with_added = not self._with_added
        text = soak_profile(self._playlist, self._platforms.greeting["urls"], with_added=self._with_added)
        # As editors save: a new file under the old name.
        new = self._show.profile.with_suffix(".new")
        new.write_text(text)
        new.replace(self._show.profile)
        return "target added in the file" if self._with_added else "target removed from the file"

    def _somebody(self) -> str:
        """One of the targets that are on air, but not the one that is to stay undisturbed."""
        return self._draw.choice([name for name in BEHAVIOURS if name not in (UNDISTURBED, _ADDED)])


def soak_profile(playlist: list[Path], urls: dict[str, str], *, with_added: bool) -> str:
    """A passthrough group with good and bad targets, and a small encoded one."""
    passed = {name: url for name, url in urls.items() if name != "encoded" and (with_added or name != _ADDED)}
    small = {
        "video": {
            "codec": "h264",
            "encoder": "software",
            "size": "320x180",
            "fps": 15,
            "bitrate": "300k",
            "keyframe": "2s",
            "preset": "ultrafast",
        },
        "targets": {"encoded": target(urls["encoded"])},
    }
    return profile_text(playlist, {**source_group(passed), "small": small}, name="soak")
