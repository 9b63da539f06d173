"""What a row of the table is. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Kind = Literal["input", "encoder", "sender", "record"]


@dataclass(frozen=True, slots=True)
class Rule:
    """A pattern and its meaning. `kinds` limits it to some children; none means all."""

    code: str
    pattern: re.Pattern[str]
    message: str
    advice: str
    person: bool = False
    kinds: tuple[Kind, ...] = ()


def rule(code: str, pattern: str, message: str, advice: str, *kinds: Kind, person: bool = False) -> Rule:
    """A row, its pattern compiled once."""
    return Rule(code, re.compile(pattern, re.MULTILINE | re.IGNORECASE), message, advice, person, kinds)
