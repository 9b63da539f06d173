"""What a profile's text leaves to `for`, as people are shown it."""

from __future__ import annotations

from pathlib import Path

from spiritstream.config.common import Common
from spiritstream.config.deriving import derived_lines, with_derived
from spiritstream.config.document import read_document
from spiritstream.config.filling import with_defaults
from spiritstream.config.load import surroundings
from spiritstream.config.places import dotted


def derivations(data: bytes, file: str, folder: Path, common: Common | None = None) -> dict[str, str]:
    """Each derived value with its reason, by its dotted path.

    `folder` is where the file stands, `common` what it inherits there. Of a profile that is not valid, what
    can be told.
    """
    document, _ = read_document(data, file)
    if document is None:
        return {}
    if common is not None:
        document = with_defaults(document, common)
    around = surroundings(folder)
    document, _ = with_derived(document, around.find_platform, around.platforms_at)
    return {dotted(path): line for path, line in derived_lines(document).items()}
