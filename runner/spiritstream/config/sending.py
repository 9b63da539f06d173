"""What carries a target, and how it leaves: which senders fit which destinations. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from spiritstream.config.address import SERVER_SCHEMES
from spiritstream.config.document import Document
from spiritstream.config.places import Path
from spiritstream.errors import Finding
from spiritstream.model.profile import Sender

Node = dict[str, object]


def nearest_sender(*nodes: object) -> object:
    """The first `sender` that is written in these mappings, the nearest first; else the default."""
    written = (node["sender"] for node in nodes if isinstance(node, dict) and "sender" in node)
    return next(written, Sender.FFMPEG)


def sender_for(wanted: object, scheme: str) -> Sender:
    """What really carries a destination: the native sender knows RTMP and RTMPS, ffmpeg does the rest.

    `scheme` is the address's, empty for a recording.
    """
    return Sender(str(wanted)) if scheme in SERVER_SCHEMES else Sender.FFMPEG


def sender_findings(
    document: Document, path: Path, target: Node, group: Node, scheme: str
) -> Iterator[Finding]:
    """What is wrong with a target's `sender` and `leave`; `scheme` is empty for a recording."""
    if scheme not in SERVER_SCHEMES:
        # Inherited, `native` is meant for the others; written here, it was meant for this one.
        if target.get("sender") == Sender.NATIVE:
            message = f"the native sender carries rtmp and rtmps, not {scheme or 'recordings'}"
            yield document.finding((*path, "sender"), message, "write 'sender: ffmpeg', or remove the line")
        return
    wanted = nearest_sender(target, group, document.data)
    if wanted == Sender.NATIVE and "username" in target:
        message = "the native sender has no login with user and password"
        hint = "write 'sender: ffmpeg' for this target"
        yield document.finding((*path, "username"), message, hint, at_key=True)
    if wanted == Sender.FFMPEG and target.get("leave") == "drop":
        message = "ffmpeg always says goodbye: only the native sender can drop the connection"
        yield document.finding(
            (*path, "leave"), message, "add 'sender: native' to this target, or remove the line"
        )
