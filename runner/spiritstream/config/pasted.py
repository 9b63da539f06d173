"""What is said of a `url` that is really a platform's address, as pasted from its dashboard. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from spiritstream.config.checks import Surroundings, children, kind_of
from spiritstream.config.document import Document
from spiritstream.config.recognising import held_key, note, recognised
from spiritstream.config.seal import is_sealed
from spiritstream.errors import Finding


def pasted_addresses(document: Document, around: Surroundings) -> Iterator[Finding]:
    """A warning for each target whose `url` is a known platform's address."""
    for path, group in children(document.data, (), "groups"):
        for at, target in children(group, path, "targets"):
            url, key = target.get("url"), target.get("key")
            if kind_of(target) != "url" or not isinstance(url, str):
                continue
            known = recognised(url, around.platforms_at)
            if known and held_key(url, known, has_key=key is not None) is None:
                sealed = isinstance(key, str) and is_sealed(key)
                yield document.finding((*at, "url"), *note(known, sealed))
