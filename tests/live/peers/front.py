"""A TLS front, as platforms have one: nginx takes TLS off and passes what is left on to a port of loopback.

async with tls_front(tmp_path, nginx.port) as front:
    ...  # with SSL_CERT_FILE=front.certificate, publish to front.url() + "/KEY"
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

from tests.live.nginx import Nginx, missing_module, module, new_home, user_line
from tests.live.ports import free_port
from tests.live.tls import server_tls

_CONFIG = """\
daemon off;
master_process off;
{user}
load_module {module};
pid {folder}/nginx.pid;
error_log {folder}/error.log notice;
events {{ worker_connections 512; }}
stream {{
    server {{
        listen 127.0.0.1:{port} ssl;
        ssl_certificate {certificates}/cert.pem;
        ssl_certificate_key {certificates}/key.pem;
        ssl_protocols TLSv1.2 TLSv1.3;
        proxy_pass 127.0.0.1:{target};
    }}
}}
"""


def missing() -> str:
    """What keeps this machine from running a front; empty if nothing does."""
    return missing_module("stream")


class TlsFront(Nginx):
    """The front, which may go away and come back on the same port."""

    def __init__(self, folder: Path, port: int, certificate: Path) -> None:
        super().__init__(folder, port, "rtmps")
        self.certificate = certificate
        """For clients that should trust it."""


@contextlib.asynccontextmanager
async def tls_front(
    folder: Path, target_port: int, certificates: Path | None = None
) -> AsyncIterator[TlsFront]:
    """A front that runs for as long as the block lasts; all its files are in a new folder of `folder`.

    `certificates` is a folder that `tests.live.tls.server_tls` has filled; without it the front has its own.
    """
    home = new_home(folder, "front")
    if certificates is None:
        server_tls(home)
    front = TlsFront(home, free_port(), (certificates or home) / "cert.pem")
    config = _CONFIG.format(
        user=user_line(),
        module=module("stream"),
        folder=home,
        port=front.port,
        target=target_port,
        certificates=certificates or home,
    )
    (home / "nginx.conf").write_text(config)
    try:
        await front.start()
        yield front
    finally:
        await front.stop()
