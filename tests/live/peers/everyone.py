"""All platforms at once: one nginx that listens wherever a server of theirs would, and tells who came.

Only inside `tests.live.namespaces`: there all ports are free, and the servers' names lead to it.

    async with everyone(folder, servers) as platforms:
        ...  # publish to any of them
        platforms.published   # what arrived
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from tests.live.nginx import Nginx, module, new_home, user_line
from tests.live.ports import free_port
from tests.live.tls import server_tls

_PORTS = {"rtmp": 1935, "rtmps": 443}
_CONFIG = """\
daemon off;
master_process off;
{user}
load_module {rtmp};
load_module {stream};
pid {folder}/nginx.pid;
error_log {folder}/error.log warn;
worker_rlimit_nofile 8192;
events {{ worker_connections 8192; }}
rtmp {{
    access_log off;
    notify_method get;
    server {{ listen 127.0.0.1:{port}; }}
    {doors}
}}
stream {{
    ssl_certificate {folder}/cert.pem;
    ssl_certificate_key {folder}/key.pem;
    {fronts}
}}
"""
_DOOR = """
    server {{
        listen {listen};
        on_connect http://127.0.0.1:{hook}/{scheme}/{port};
        on_publish http://127.0.0.1:{hook}/{scheme}/{port};
        include {folder}/apps.conf;
    }}
"""
_FRONT = "server {{ listen {listen} ssl; proxy_pass 127.0.0.1:{behind}; }}\n"


@dataclass(frozen=True, slots=True)
class Server:
    """One server of a platform; `app` as it must arrive there."""

    scheme: str
    host: str
    port: int
    app: str


@dataclass(frozen=True, slots=True)
class Published:
    """A stream that came: to which server, by what the publisher asked for, and under which name."""

    server: Server
    name: str


@dataclass(frozen=True, slots=True)
class _Door:
    address: str
    scheme: str
    port: int


def addresses(servers: Iterable[Server]) -> dict[str, str]:
    """A loopback address for each host; hosts share one only if they are to be open on the same ports."""
    doors: dict[str, set[tuple[str, int]]] = {}
    for server in servers:
        doors.setdefault(server.host, set()).add((server.scheme, server.port))
    kinds = sorted({frozenset(kind) for kind in doors.values()}, key=sorted)
    return {host: f"127.0.1.{kinds.index(frozenset(kind)) + 1}" for host, kind in doors.items()}


class Everyone(Nginx):
    """The platforms. `connected` is who asked for what, `published` what came; both in order."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, free_port())
        self.connected: list[Server] = []
        self.published: list[Published] = []

    @property
    def certificate(self) -> Path:
        """For clients that should trust it."""
        return self.folder / "cert.pem"

    def configure(self, servers: Sequence[Server], hook: int) -> None:
        """Write its configuration; it asks `hook` about everyone who comes."""
        found = addresses(servers)
        server_tls(self.folder, hosts=sorted({s.host for s in servers if s.scheme == "rtmps"}))
        # nginx matches an application without its query, which it takes for arguments.
        apps = sorted({server.app.partition("?")[0] for server in servers})
        (self.folder / "apps.conf").write_text(
            "".join(f'application "{app}" {{ live on; }}\n' for app in apps)
        )
        doors, fronts = [], []
        for door in sorted({_Door(found[s.host], s.scheme, s.port) for s in servers}, key=str):
            listen = f"{door.address}:{door.port}"
            if door.scheme == "rtmps":
                behind = free_port()
                fronts.append(_FRONT.format(listen=listen, behind=behind))
                listen = f"127.0.0.1:{behind}"
            doors.append(
                _DOOR.format(listen=listen, hook=hook, scheme=door.scheme, port=door.port, folder=self.folder)
            )
        config = _CONFIG.format(
            user=user_line(),
            rtmp=module("rtmp"),
            stream=module("stream"),
            folder=self.folder,
            port=self.port,
            doors="".join(doors),
            fronts="    ".join(fronts),
        )
        (self.folder / "nginx.conf").write_text(config)

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """nginx tells who came; everyone may."""
        try:
            target = (await reader.readuntil(b"\r\n\r\n")).split()[1].decode()
            self._note(target)
            writer.write(b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n")
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # nginx was stopped meanwhile
        finally:
            writer.close()

    def _note(self, target: str) -> None:
        path, _, query = target.partition("?")
        scheme, port = path.strip("/").split("/")
        # What follows after its own fields is the publisher's: the query of the app, or of the name.
        known, last = query.partition("&call=")[::2]
        fields = dict(_pairs(known))
        call, _, rest = last.partition("&")
        asked = urlsplit(fields["tcurl"])
        assert scheme == asked.scheme, "came in by another door than was asked for"
        assert int(port) == (asked.port or _PORTS[scheme])
        if call == "connect":
            app = fields["app"] + (f"?{rest}" if rest else "")
            self.connected.append(Server(scheme, asked.hostname or "", int(port), app))
        else:
            app = fields["tcurl"].partition("://")[2].partition("/")[2]
            name, own = rest.removeprefix("name=").partition("&type=live")[::2]
            text = unquote(name) + (f"?{own[1:]}" if own else "")
            self.published.append(Published(Server(scheme, asked.hostname or "", int(port), app), text))


def _pairs(query: str) -> Iterator[tuple[str, str]]:
    for field in query.split("&"):
        name, _, value = field.partition("=")
        yield name, unquote(value)


@contextlib.asynccontextmanager
async def everyone(folder: Path, servers: Sequence[Server]) -> AsyncIterator[Everyone]:
    """The platforms, for as long as the block lasts; their files are in a new folder of `folder`."""
    platforms = Everyone(new_home(folder, "everyone"))
    async with await asyncio.start_server(platforms.answer, "127.0.0.1", 0, backlog=1024) as hook:
        platforms.configure(servers, hook.sockets[0].getsockname()[1])
        try:
            await platforms.start()
            yield platforms
        finally:
            await platforms.stop()
