"""How `spiritstream demo` ends: what it prints, and its exit code."""

from __future__ import annotations

import pytest

from spiritstream.cli.demo import NotAllLiveError, conclude
from spiritstream.demo.summary import Outcome
from spiritstream.errors import ExitCode

FINE = Outcome("youtube", True, "live", "", 1125, 4_512_345, 8.44, 2, 12)
DOWN = Outcome("kick", False, "waiting", "the server refused", 0, 0, 0.0, 0, 3)


@pytest.mark.parametrize(
    ("outcomes", "finished", "said"),
    [
        pytest.param([FINE], True, "youtube  live", id="all came back"),
        pytest.param([FINE, DOWN], False, "kick     waiting", id="interrupted while one was down"),
        pytest.param([], False, "before anything was sent", id="interrupted at once"),
    ],
)
def test_conclude(
    outcomes: list[Outcome], finished: bool, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A show that a person ends is a success, whatever was down at that moment."""
    assert ExitCode.DONE == conclude(outcomes, finished=finished)
    assert said in capsys.readouterr().out


def test_conclude_with_a_failure(capsys: pytest.CaptureFixture[str]) -> None:
    """What had not come back when the show was over is named, with exit code 7; the table is shown, too."""
    with pytest.raises(NotAllLiveError, match="kick was waiting: the server refused") as caught:
        conclude([FINE, DOWN], finished=True)
    assert ExitCode.NOT_LIVE == caught.value.exit_code
    assert "youtube  live" in capsys.readouterr().out
