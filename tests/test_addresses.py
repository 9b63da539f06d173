"""Every listed server of every platform, with awkward keys: what both senders ask for, byte for byte.

What is expected is worked out here from the files' text, and what ffmpeg makes of its command line by a
second reading of libavformat/rtmpproto.c (`rtmp_open`): nothing of the program's own is used for either.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from spiritstream.config.choosing import chosen
from spiritstream.config.platforms import find_platform
from spiritstream.ffmpeg.address import full_url, spoken_forms
from spiritstream.ffmpeg.argv import sender_argv
from spiritstream.model.profile import Address, Target
from spiritstream.run.native.endpoint import endpoint
from spiritstream.secret import Secret

PLACE = "{stream_key}"
KEYS = [
    "CANARY-1",
    "CANARY?bandwidthtest=true",
    "CANARY?a=b&c=/d",
    "CANARY/x/y",
    "CANARY x",
    "CANARY.flv",
    "CANARY.mp4",
    "CAN:ARY/x",
    "?CANARY=1&slist=2",
    "CANARY%20#x",
]


@dataclass(frozen=True)
class Row:
    """One server of one platform's file."""

    id: str
    name: str
    url: str

    def __str__(self) -> str:
        return f"{self.id} {self.name}"

    @property
    def after_host(self) -> str:
        """Path and query, without the first slash."""
        return self.url.split("://", 1)[1].partition("/")[2]

    def asked(self, key: str) -> tuple[str, str]:
        """The application and stream name that the server is to be asked for."""
        before, place, behind = self.after_host.partition(PLACE)
        if not place:
            return self.after_host.rstrip("/"), key
        app, _, front = before.rpartition("/")
        return app, f"{front}{key}{behind}"

    def shown(self) -> str:
        """The address as it may be shown."""
        return self.url.replace(PLACE, "***") if PLACE in self.url else f"{self.url.rstrip('/')}/***"


def _rows() -> Iterator[Row]:
    for file in sorted((Path(__file__).parents[1] / "platforms").glob("*.yaml")):
        data: dict[str, Any] = yaml.load(file.read_text(encoding="utf-8"), yaml.CSafeLoader)
        yield from (Row(file.stem, one["name"], one["url"]) for one in data.get("servers", ()))


ROWS = list(_rows())
SENT = [row for row in ROWS if row.url.startswith("rtmp")]
BY_PLATFORM = {row.id: [one for one in SENT if one.id == row.id] for row in SENT}


@dataclass(frozen=True)
class _Tool:
    """An ffmpeg that is only named."""

    path: str = "ffmpeg"
    version: tuple[int, ...] = (7, 1)
    ca_file: str | None = None


def _argv(address: Address) -> Sequence[str | Secret]:
    argv = sender_argv(Target("t", address), ffmpeg=_Tool(), progress_fd=3, generate_pts=True)
    return argv


def _clear(argv: Sequence[str | Secret]) -> list[str]:
    return [word.reveal() if isinstance(word, Secret) else word for word in argv]


def _option(argv: list[str], name: str) -> str | None:
    return argv[argv.index(name) + 1] if name in argv else None


def _as_ffmpeg(argv: list[str]) -> tuple[str, str, str]:
    """Scheme, host and port as they are written; the application; the stream name: as ffmpeg reads them."""
    url = argv[-1]
    scheme, _, rest = url.partition("://")
    end = min((at for sign in "/?#" if (at := rest.find(sign)) >= 0), default=len(rest))
    root, path = f"{scheme}://{rest[:end]}", rest[end:]
    app, name = _app_and_name(path)
    option = _option(argv, "-rtmp_app")
    app = app if option is None else option
    playpath = _option(argv, "-rtmp_playpath")
    if playpath is not None:
        return root, app, playpath
    if name.endswith((".f4v", ".mp4")):
        name = f"mp4:{name}"
    return root, app, name.removesuffix(".flv")


def _app_and_name(path: str) -> tuple[str, str]:
    query = path.find("?")
    if query >= 0 and "slist=" in path[query:]:
        raise AssertionError("ffmpeg would take the stream name from the query")
    slash = path.find("/", 1)
    if slash < 0:
        return path[1:], ""
    colon, second = path.find(":", slash + 1), path.find("/", slash + 1)
    if second < 0 or 0 <= colon < second:
        return path[1:slash], path[slash + 1 :]
    return path[1:second], path[second + 1 :]


def test_the_table_is_whole() -> None:
    """All servers are in it; those of HLS, which are not sent to, are the only ones left out."""
    assert (len(ROWS), len(SENT), len(BY_PLATFORM)) == (549, 547, 89)


@pytest.mark.parametrize("id", BY_PLATFORM)
def test_senders_ask_for_exactly_this(id: str) -> None:
    """Both senders connect to the listed host and port, and ask for the listed path and the key as it is."""
    for row in BY_PLATFORM[id]:
        address_url = chosen(find_platform(row.id), row.name).url
        assert address_url == row.url
        root = row.url[: len(row.url) - len(row.after_host)].rstrip("/")
        for key in KEYS:
            address = Address(address_url, Secret(key))
            asked = row.asked(key)
            # Compared as booleans: a failure's text would show the key.
            assert ((root, *asked) == _as_ffmpeg(_clear(_argv(address)))) is True, f"{row}, by ffmpeg"
            here = endpoint(address)
            assert here.root == root, f"{row}, by ourselves"
            assert ((here.app, here.name.reveal()) == asked) is True, f"{row}, by ourselves"
            assert here.tc_url == f"{root}/{asked[0]}", f"{row}, by ourselves"


@pytest.mark.parametrize("id", BY_PLATFORM)
def test_no_key_is_shown(id: str) -> None:
    """What may be shown of an address is the listed one with a mask; no other text of it has the key."""
    for row in BY_PLATFORM[id]:
        for key in KEYS:
            address = Address(row.url, Secret(key))
            assert address.redacted() == row.shown()
            shown = (
                f"{address} {address!r} {_argv(address)!r} {endpoint(address)!r} {spoken_forms(address)!r}"
            )
            assert ("CAN" in shown) is False, str(row)


@pytest.mark.parametrize("row", [row for row in ROWS if row not in SENT], ids=str)
def test_a_key_in_a_query(row: Row) -> None:
    """An HLS upload's key stands in its query: there it is filled in as it is, and masked."""
    address = Address(row.url, Secret("CANARY?x"))
    url = full_url(address)
    assert isinstance(url, Secret)
    assert (url.reveal() == row.url.replace(PLACE, "CANARY?x")) is True
    assert address.redacted() == row.url.replace(PLACE, "***")


K, P = Secret("CANARY-key"), Secret("CANARY-word")
REDACTED = [
    (Address("rtmp://h/live", K), "rtmp://h/live/***"),
    (Address("rtmp://h/live/", K, "bob", P), "rtmp://h/live/***"),
    (Address("RTMPS://h:443", K), "RTMPS://h:443/***"),
    (Address("rtmp://h/live"), "rtmp://h/live"),
    (Address("rtmp://h/{stream_key}?a={stream_key}", K), "rtmp://h/***?a=***"),
    (Address("rtmp://bob:CANARY-word@h/live", K), "rtmp://***@h/live/***"),
    (Address("rtmp://bob:CANARY?w@h/live", K), "rtmp://***@h/live/***"),
    (Address("rtmp://CANARY@h"), "rtmp://***@h"),
    (Address("srt://h:9000?mode=caller", K, passphrase=P), "srt://h:9000?mode=caller"),
    (Address("srt://h:9000?streamid={stream_key}", K, passphrase=P), "srt://h:9000?streamid=***"),
    (Address("https://h/x.m3u8?key={stream_key}&y", K), "https://h/x.m3u8?key=***&y"),
    (Address("https://h/x.m3u8", None, "bob", P), "https://h/x.m3u8"),
    (Address("rtsp://h/cam", None, "bob", P), "rtsp://h/cam"),
    (Address("udp://@239.0.0.1:1234"), "udp://@239.0.0.1:1234"),
]


@pytest.mark.parametrize(("address", "shown"), REDACTED, ids=range(len(REDACTED)))
def test_redacted(address: Address, shown: str) -> None:
    """Of every protocol: what may be shown follows from the address's parts, and no secret is in it."""
    assert address.redacted() == shown
    assert ("CANARY" in shown) is False
