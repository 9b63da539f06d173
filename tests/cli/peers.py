"""The other end of a socket, which answers as a test says: a controller or a runner that is not there.

with peer(path, CONTROLLER, status={...}, stop=error("no", "do this", 8)) as asked:
    ...
assert ("stop", {"path": "show"}) in asked
"""

from __future__ import annotations

import contextlib
import os
import socketserver
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from spiritstream import __version__
from spiritstream.model.lifecycle import Order, State
from spiritstream.model.status import Cause, Status, UnitStatus
from spiritstream.wire import PROTOCOL, decode, encode, to_data

HELLO = {"protocol": PROTOCOL, "version": __version__, "pid": os.getpid()}
CONTROLLER = {"hello": "controller", "source": "/srv/profiles", **HELLO}
RUNNER = {"hello": "runner", "profile": "show", **HELLO}
BEGAN = 1_700_000_000.0
Asked = list[tuple[str, dict[str, Any]]]


class _Server(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True
    block_on_close = False
    hello: dict[str, Any]
    answers: dict[str, Any]
    asked: Asked


class _Conversation(socketserver.StreamRequestHandler):
    server: _Server

    def handle(self) -> None:
        """Greet, and answer until it leaves, or a call is to be answered by leaving."""
        with contextlib.suppress(ConnectionError):
            self.wfile.write(encode(self.server.hello))
            for line in self.rfile:
                request = decode(line)
                call, args = request["call"], request["args"]
                self.server.asked.append((call, args))
                answer = self.server.answers.get(call, {})
                answer = answer(args) if callable(answer) else answer
                if answer is None:
                    return
                failed = isinstance(answer, dict) and answer.keys() == {"error"}
                self.wfile.write(encode({"id": request["id"], **(answer if failed else {"ok": answer})}))


@contextlib.contextmanager
def peer(path: Path, hello: dict[str, Any], **answers: Any) -> Iterator[Asked]:
    """Somebody at `path`. An answer may be a function of the arguments; `None` leaves without one."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with _Server(str(path), _Conversation) as server:
        server.hello, server.answers, server.asked = hello, answers, []
        serving = threading.Thread(target=lambda: server.serve_forever(0.01), daemon=True)
        serving.start()
        try:
            yield server.asked
        finally:
            server.shutdown()
            serving.join()
            path.unlink()


def error(message: str, hint: str = "", code: int = 1) -> dict[str, Any]:
    """An answer that is an error."""
    return {"error": {"message": message, "hint": hint, "code": code}}


def in_turn(*answers: Any) -> Callable[[dict[str, Any]], Any]:
    """These answers, one after the other; the last one from then on."""
    left = list(answers)
    return lambda args: left.pop(0) if len(left) > 1 else left[0]


def unit(path: str, state: State = State.LIVE, **more: Any) -> UnitStatus:
    """A unit of a runner."""
    kind = "input" if path == "input" else "target" if ".targets." in path else "passthrough"
    return UnitStatus(path, kind, Order.LIVE, state, since=BEGAN, **more)


REFUSED = Cause("refused", "The platform refused the key.", "Copy it anew.", person=True)


def runner_status(*, youtube: State = State.LIVE, cause: Cause | None = REFUSED) -> Status:
    """A show with two targets; why one of them is not live."""
    failed = {} if youtube is State.LIVE else {"cause": cause, "next_retry": BEGAN + 5}
    units = (
        unit("input"),
        unit("groups.source"),
        unit("groups.source.targets.youtube", youtube, **failed),
        unit("groups.source.targets.twitch"),
    )
    return Status("show", 77, "0.1", BEGAN, "/usr/bin/ffmpeg 5.1.9", units)


def profile_data(name: str = "show", **more: Any) -> dict[str, Any]:
    """What a controller says of a profile that is on air, as ordered."""
    usual = {"name": name, "file": f"{name}.yaml", "revision_wanted": "r1", "revision_applied": "r1"}
    return {**usual, "valid": True, "order": "live", "runner": to_data(runner_status()), **more}


def status_data(*profiles: dict[str, Any], **more: Any) -> dict[str, Any]:
    """What a controller says of everything."""
    return {"source": "/srv/profiles", "kind": "folder", "profiles": list(profiles), **more}
