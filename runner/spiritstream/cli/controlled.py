"""What several commands ask of a controller, and refuse."""

from __future__ import annotations

from spiritstream.cli.overview import Controller
from spiritstream.errors import ExitCode, SpiritError


class GuardedError(SpiritError):
    """It could be done, and is refused for safety's sake."""

    exit_code = ExitCode.GUARDED


class NotLiveError(SpiritError):
    """It was applied, and is not live in time."""

    exit_code = ExitCode.NOT_LIVE


class NotValidError(SpiritError):
    """The controller finds fault with a file that was given to it."""

    exit_code = ExitCode.INVALID


def refuse_git(controller: Controller | None, instead: str) -> None:
    """Refuse to write to a source that is a git repository.

    Raises:
        GuardedError: it is one; the hint is what to do `instead`.
    """
    if controller is not None and controller.kind == "git":
        raise GuardedError(
            f"the controller reads its profiles from git ({controller.source}); nothing was changed", instead
        )
