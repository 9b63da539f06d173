"""Where another program listens for a publisher, as `input.rtmp`. Pure."""

from __future__ import annotations

import re
from ipaddress import ip_address

from spiritstream.config.listening import DEFAULT_LISTEN, ListenError, parse_listen
from spiritstream.importers.values import Env, Field, Notes
from spiritstream.secret import Secret

_APP = re.compile(r"[A-Za-z0-9._~-]+(/[A-Za-z0-9._~-]+)*")
_LONGEST_APP = 128
OPEN = (
    "input: anybody who reaches the address may publish, as before; "
    "better remove `open: true` and give it a key"
)


def rtmp_input(listen: str, app: str, left: Notes, key: Secret | Env | None = None) -> dict[str, Field]:
    """The fields of `input.rtmp`; what cannot be carried over is added to `left`.

    Programs that check no key are opened explicitly, which is said.
    """
    host, port = _address(listen, left)
    shown = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    fields: dict[str, Field] = {"listen": shown, "app": _application(app, left)}
    if key is not None:
        fields["key"] = key
    elif not ip_address(host).is_loopback:
        fields["open"] = True
        left.append(OPEN)
    return fields


def _address(listen: str, left: Notes) -> tuple[str, int]:
    try:
        return parse_listen(listen)
    except ListenError:
        left.append(f"input: its address to listen on cannot be used here; it is {DEFAULT_LISTEN} now")
        return parse_listen(DEFAULT_LISTEN)


def _application(app: str, left: Notes) -> str:
    app = app.strip("/")
    if _APP.fullmatch(app) and len(app) <= _LONGEST_APP:
        return app
    left.append("input: its application cannot be used here; it is live now, so publish to …/live")
    return "live"
