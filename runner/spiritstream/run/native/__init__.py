"""The native sender: the runner itself publishes RTMP and RTMPS, with no child and no key in an argv."""

from spiritstream.run.native.opening import PublishError, open_publish
from spiritstream.run.native.publication import Publication, Timings
from spiritstream.run.native.target import NativeTarget, carries

__all__ = ["NativeTarget", "Publication", "PublishError", "Timings", "carries", "open_publish"]
