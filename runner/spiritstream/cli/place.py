"""A place in what is on air, as a person writes it: NAME, NAME/GROUP or NAME/GROUP/TARGET."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from spiritstream.model.status import UnitStatus

DEEPEST = 3


@dataclass(frozen=True, slots=True)
class Place:
    """A profile, a group of it (or its input), or a target."""

    name: str
    inside: tuple[str, ...] = ()

    def __str__(self) -> str:
        return "/".join((self.name, *self.inside))

    def among(self, units: Iterable[UnitStatus]) -> list[str]:
        """The paths of the units that stand at the place or below it."""
        parts = {unit.path: parts_of(unit.path) for unit in units}
        return [path for path, found in parts.items() if found[: len(self.inside)] == self.inside]


def parts_of(path: str) -> tuple[str, ...]:
    """`("source", "youtube")` of `groups.source.targets.youtube`; `("input",)` of `input`."""
    # By position: a group may itself be called `targets`.
    return tuple(path.split(".")[1::2]) or (path,)


def shown_path(name: str, path: str) -> str:
    """A unit as a person writes it: `show/source/youtube`."""
    return "/".join((name, *parts_of(path))) if path else name


class PlaceType(click.ParamType):  # type: ignore[type-arg]
    """A command's argument that is a place, or only a profile; completed from what is on air."""

    name = "place"

    def __init__(self, *, whole: bool = False) -> None:
        self._deepest = 1 if whole else DEEPEST

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Place:
        """The place that a text names.

        Raises:
            BadParameter: it is no place. The text is not repeated: it may be a key that was mis-pasted.
        """
        from spiritstream.config.places import NAME

        if isinstance(value, Place):
            return value
        names = str(value).split("/")
        if len(names) > self._deepest or not all(map(NAME.fullmatch, names)):
            shape = "NAME" if self._deepest == 1 else "NAME[/GROUP[/TARGET]]"
            self.fail(f"it is written {shape}, in small letters, digits, '-' and '_'")
        return Place(names[0], tuple(names[1:]))

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """The places that begin so."""
        from click.shell_completion import CompletionItem

        from spiritstream.cli.names import places_like

        return [CompletionItem(text) for text in places_like(incomplete, deep=self._deepest > 1)]


PLACE = PlaceType()
PROFILE = PlaceType(whole=True)
