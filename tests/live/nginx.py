"""A real platform: nginx-rtmp on loopback, which records what it is sent and can refuse keys.

async with nginx_rtmp(tmp_path, refuse_keys={"bad"}) as nginx:
    ...  # publish to nginx.url() + "/KEY"
    (recording,) = nginx.recordings("KEY")

async with nginx_rtmp(tmp_path, record=False, push=[sink.url() for sink in sinks]) as nginx:
    ...  # what is published to nginx.url() + "/KEY" goes on to every sink under the same key
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import time
from collections.abc import AsyncIterator, Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit
from urllib.request import urlopen
from xml.etree import ElementTree

from tests.live.ports import free_port
from tests.live.processes import until

_MODULES = ("/usr/lib/nginx/modules", "/usr/lib64/nginx/modules", "/usr/local/libexec/nginx")
_START_S, _STOP_S = 10, 5

_CONFIG = """\
daemon off;
master_process off;
{user}
load_module {module};
pid {folder}/nginx.pid;
error_log {folder}/error.log notice;
events {{ worker_connections 512; }}
rtmp {{
    access_log off;
    server {{
        listen 127.0.0.1:{port};
        chunk_size 4096;
        max_message 8M;
        application live {{
            live on;
            on_publish http://127.0.0.1:{hook}/;
            notify_method get;
            {record}
            {push}
        }}
    }}
}}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        listen 127.0.0.1:{stat};
        location / {{ rtmp_stat all; }}
    }}
}}
"""


@dataclass(frozen=True, slots=True)
class StreamStat:
    """One stream as nginx sees it."""

    name: str
    bytes_in: int
    publishing: bool
    clients: int


def missing_module(name: str) -> str:
    """What keeps this machine from running nginx with one of its modules; empty if nothing does."""
    packages = f"nginx libnginx-mod-{name}"
    if not _nginx():
        return f"nginx is missing (apt-get install {packages})"
    return "" if module(name) else f"nginx's {name} module is missing (apt-get install {packages})"


def missing() -> str:
    """What keeps this machine from running nginx-rtmp; empty if nothing does."""
    return missing_module("rtmp")


class Nginx:
    """One nginx, which may go away and come back on the same port."""

    def __init__(self, folder: Path, port: int, scheme: str = "rtmp") -> None:
        self.folder = folder
        self.port = port
        self._scheme = scheme
        self._process: asyncio.subprocess.Process | None = None

    @property
    def pid(self) -> int | None:
        """Its process, while it runs."""
        return self._process.pid if self._process else None

    def url(self, app: str = "live") -> str:
        """Where to publish, without a key."""
        return f"{self._scheme}://127.0.0.1:{self.port}/{app}"

    async def start(self) -> None:
        """Starts, and returns once it takes connections."""
        self._process = await asyncio.create_subprocess_exec(
            *(
                _nginx() or "nginx",
                "-p",
                self.folder,
                "-e",
                self.folder / "error.log",
                "-c",
                self.folder / "nginx.conf",
            ),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        process = self._process
        try:
            async with asyncio.timeout(_START_S):
                while not await _answers(self.port):
                    if process.returncode is not None:
                        raise RuntimeError(f"nginx did not start:\n{self.log()}")
                    await asyncio.sleep(0.02)
        except BaseException:
            await self.kill()
            raise

    async def stop(self) -> None:
        """Goes away: publishers are cut, new ones refused."""
        if self._process:
            with contextlib.suppress(ProcessLookupError):
                self._process.terminate()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._process.wait(), _STOP_S)
        await self.kill()

    async def kill(self) -> None:
        """Dies by SIGKILL."""
        if self._process:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
            await self._process.wait()
            self._process = None

    def log(self) -> str:
        """nginx's error log. It holds stream keys: for tests with pretend keys."""
        path = self.folder / "error.log"
        return path.read_text(errors="replace") if path.exists() else ""


class NginxRtmp(Nginx):
    """One that takes streams, and records them."""

    def __init__(self, folder: Path, port: int, stat: int) -> None:
        super().__init__(folder, port)
        self._stat = stat

    def recordings(self, name: str) -> list[Path]:
        """What was recorded under a key, one file for each publish, oldest first."""
        return sorted((self.folder / "recordings").glob(f"{quote(name, safe='')}-*.flv"))

    async def stats(self) -> dict[str, StreamStat]:
        """The streams that nginx knows now, by name."""
        text = await asyncio.to_thread(_fetch, f"http://127.0.0.1:{self._stat}/")
        streams = ElementTree.fromstring(text).iterfind("./server/application/live/stream")
        return {stat.name: stat for stat in map(_stream_stat, streams)}

    async def wait_recorded(self, name: str, size: int = 1, n: int = 1, timeout_s: float = 15) -> Path:
        """The `n`th recording of a key, once it has `size` bytes on disk."""

        def here() -> bool:
            found = self.recordings(name)
            return len(found) >= n and found[n - 1].stat().st_size >= size

        await until(here, f"{size} bytes recorded", timeout_s)
        return self.recordings(name)[n - 1]


@contextlib.asynccontextmanager
async def nginx_rtmp(
    folder: Path,
    *,
    record: bool = True,
    refuse_keys: Collection[str] = (),
    port: int | None = None,
    push: Iterable[str] = (),
) -> AsyncIterator[NginxRtmp]:
    """An nginx that runs for as long as the block lasts; all its files are in a new folder of `folder`.

    `push` are the URLs, without a key, that every stream is passed on to under its own key.
    """
    home = new_home(folder, "nginx")
    (home / "recordings").mkdir()
    nginx = NginxRtmp(home, port or free_port(), free_port())
    gate = _Gate(refuse_keys)
    async with await asyncio.start_server(gate.answer, "127.0.0.1", 0) as hook:
        config = _CONFIG.format(
            user=user_line(),
            module=module("rtmp"),
            folder=home,
            port=nginx.port,
            stat=nginx._stat,
            hook=hook.sockets[0].getsockname()[1],
            record=f"record all; record_path {home}/recordings; record_unique on;" if record else "",
            push=" ".join(f"push {url};" for url in push),
        )
        (home / "nginx.conf").write_text(config)
        try:
            await nginx.start()
            yield nginx
        finally:
            await nginx.stop()


def user_line() -> str:
    """nginx gives root's rights away unless told otherwise, and could not write where we can."""
    return "user root;" if os.geteuid() == 0 else ""


def new_home(folder: Path, name: str) -> Path:
    """A new folder for one server's files."""
    home = folder / f"{name}-{len(list(folder.glob(f'{name}-*')))}"
    home.mkdir(parents=True)
    return home


class _Gate:
    """Answers nginx's question whether a publisher may come in."""

    def __init__(self, refuse_keys: Collection[str]) -> None:
        self._refuse = refuse_keys
        self._last: dict[str, int] = {}

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One request, one answer."""
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            name = parse_qs(urlsplit(head.split()[1]).query).get("name", [""])[0]
            await self._new_second(name)
            status = "403 Forbidden" if name in self._refuse else "200 OK"
            writer.write(f"HTTP/1.0 {status}\r\nContent-Length: 0\r\n\r\n".encode())
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # nginx was stopped meanwhile
        finally:
            writer.close()

    async def _new_second(self, name: str) -> None:
        """Recordings are told apart by their second: a key that returns within one waits for the next."""
        if self._last.get(name) == int(time.time()):
            await asyncio.sleep(1.05 - time.time() % 1)
        self._last[name] = int(time.time())


def _nginx() -> str | None:
    """The program: a user's PATH often lacks the sbin folders that Debian puts it in."""
    return shutil.which("nginx", path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")


def module(name: str) -> Path | None:
    """Where a module of nginx is."""
    paths = (Path(folder) / f"ngx_{name}_module.so" for folder in _MODULES)
    return next((path for path in paths if path.exists()), None)


async def _answers(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()
    return True


def _fetch(url: str) -> bytes:
    with urlopen(url, timeout=5) as answer:
        data: bytes = answer.read()
        return data


def _stream_stat(stream: ElementTree.Element) -> StreamStat:
    return StreamStat(
        name=stream.findtext("name", ""),
        bytes_in=int(stream.findtext("bytes_in", "0")),
        publishing=stream.find("publishing") is not None,
        clients=len(stream.findall("client")),
    )
