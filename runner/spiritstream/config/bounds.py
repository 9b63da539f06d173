"""A platform file's limits, reconnect budget and look-up, as the model has them. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from spiritstream.config.values import parse_size
from spiritstream.model.limits import Ceiling, Limits
from spiritstream.model.reconnects import ReconnectBudget
from spiritstream.model.servers import Lookup, LookupForm

_KILO = 1000


def bounds_of(facts: Mapping[str, Any]) -> Limits | None:
    """What the platform takes; `None` if its file says nothing of it."""
    limits: Mapping[str, Any] = facts.get("limits", {})
    if not limits:
        return None
    session: Mapping[str, Any] = limits.get("session", {})
    return Limits(
        platform=facts["name"],
        source=_source(facts["sources"][0]),
        keyframe_s=limits.get("keyframe_interval_s"),
        video_bps=_bps(limits.get("max_video_kbps")),
        audio_bps=_bps(limits.get("max_audio_kbps")),
        fps=limits.get("max_fps"),
        sizes=tuple(map(parse_size, limits.get("resolutions", ()))),
        b_frames=limits.get("b_frames"),
        h264_profile=limits.get("h264_profile"),
        video_codecs=tuple(limits.get("video_codecs", ())),
        audio_codecs=tuple(limits.get("audio_codecs", ())),
        ceilings=tuple(
            Ceiling(parse_size(row["resolution"]), row["fps"], row["max_kbps"] * _KILO)
            for row in limits.get("bitrates", ())
        ),
        session_s=session["hours"] * 3600.0 if session else None,
        session_source=_source(session) if session else "",
    )


def reconnects_of(facts: Mapping[str, Any]) -> ReconnectBudget | None:
    """How often a target may be begun anew; `None` without a limit."""
    found = facts.get("reconnect")
    return ReconnectBudget(found["most"], found["within_minutes"] * 60.0, found["reason"]) if found else None


def lookup_of(facts: Mapping[str, Any]) -> Lookup | None:
    """How the present servers are asked for; `None` if they are not."""
    found = facts.get("ingest_lookup")
    return Lookup(found["url"], LookupForm(found["form"]), found["sends_key"]) if found else None


def _source(facts: Mapping[str, Any]) -> str:
    return f"{facts['source']}, {facts['as_of']}"


def _bps(kbps: int | None) -> int | None:
    return None if kbps is None else kbps * _KILO
