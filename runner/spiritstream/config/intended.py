"""For whom values are meant to be sealed, where a `.spiritstream.yaml` says it. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from spiritstream.config.common import Common
from spiritstream.config.document import Document
from spiritstream.config.leaves import SecretLeaf
from spiritstream.errors import Finding, TamperedError


def recipient_warnings(document: Document, leaves: Sequence[SecretLeaf], common: Common) -> Iterator[Finding]:
    """The values that are sealed for another recipient than the one that `common` names."""
    for leaf in leaves:
        if for_another(leaf.value, common):
            assert common.recipient is not None
            message = (
                f"sealed for another recipient than {common.file} names ({common.recipient.fingerprint})"
            )
            hint = "seal it again: write the key in clear text here, and run: spiritstream seal FILE"
            yield document.finding(leaf.at, message, hint)


def for_another(value: object, common: Common | None) -> bool:
    """Whether a secret is sealed for another recipient than the one that is named, if one is."""
    if common is None or common.recipient is None or not isinstance(value, str):
        return False
    from spiritstream.config.seal import is_sealed, parse_sealed

    try:
        return is_sealed(value) and parse_sealed(value).fingerprint != common.recipient.fingerprint
    except TamperedError:
        return False
