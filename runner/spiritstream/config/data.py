"""Where the data that travels with the program lies: schemas and platforms."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parents[1]
_CHECKOUT = _PACKAGE.parents[1]


@lru_cache(maxsize=8)
def data_folder(name: str) -> Path:
    """The folder `name`: inside the package when it is installed, else at the top of the checkout."""
    installed = _PACKAGE / "_data" / name
    return installed if installed.is_dir() else _CHECKOUT / name
