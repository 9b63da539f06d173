"""Other programs' YAML: the same strict reader as for profiles, whose words repeat no value. Pure."""

from __future__ import annotations

from typing import Any

from spiritstream.config.document import read_document
from spiritstream.importers.values import UnreadableError, decoded


def parse_yaml(data: bytes, file: str) -> Any:
    """The data of a YAML file.

    Raises:
        UnreadableError: it is no YAML, or uses what hostile files do (aliases, great depth, one name twice).
    """
    document, findings = read_document(decoded(data, file), file)
    if findings or document is None:
        first = sorted(findings)[0]
        raise UnreadableError(f"{first.file}:{first.line}:{first.column}: {first.message}", first.hint)
    return document.data


def text_of(data: object, *keys: str) -> str:
    """What stands at these keys as text; empty where there is nothing, or no scalar."""
    for key in keys:
        data = data.get(key) if isinstance(data, dict) else None
    if isinstance(data, bool):
        return "true" if data else "false"
    return str(data) if isinstance(data, str | int | float) else ""


def mapping_of(data: object, *keys: str) -> dict[str, Any]:
    """The mapping at these keys; empty where there is none."""
    for key in keys:
        data = data.get(key) if isinstance(data, dict) else None
    return data if isinstance(data, dict) else {}
