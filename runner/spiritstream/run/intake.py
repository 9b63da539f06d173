"""From a child's stdout into a hub: at once, or paced by the media's own clock."""

from __future__ import annotations

from spiritstream.media.flv import FlvError, FlvReader
from spiritstream.media.hub import Hub
from spiritstream.model.status import Cause
from spiritstream.pipes import PipeReader


class Intake:
    """A child's FLV output on its way into a hub."""

    def __init__(
        self, hub: Hub, fd: int, *, at_ms: int | None = None, converted: frozenset[str] = frozenset()
    ) -> None:
        """`at_ms` is where the first frame belongs; `None` means as long after the last as it really was."""
        self._hub = hub
        self._at_ms = at_ms
        self._converted = converted
        self._flv = FlvReader()
        self._begun = False
        self._reader = PipeReader(fd, self._take, lambda: None)
        self.tags = 0
        self.fault: Cause | None = None

    def close(self) -> None:
        """Take no more."""
        self._reader.close()

    def _take(self, data: bytes) -> None:
        try:
            tags = self._flv.feed(data)
        except FlvError as error:
            self.fault = Cause("bad-media", f"the child's output is garbled: {error}", "it is restarted")
            self._reader.close()
            return
        if not tags:
            return
        if not self._begun:
            self._begun = True
            at_ms = self._hub.resume_ms() if self._at_ms is None else self._at_ms
            self._hub.begin(
                at_ms, audio=self._flv.has_audio, video=self._flv.has_video, converted=self._converted
            )
        self.tags += len(tags)
        self._hub.publish(tags)
