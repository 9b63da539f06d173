"""URLs in a profile: which are taken, and which host a secret would go to."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spiritstream.config.address import (
    PULL_SCHEMES,
    TARGET_SCHEMES,
    same_place,
    url_host,
    url_problem,
    url_scheme,
)

HOSTS = [
    ("rtmp://Live.Example/app", "live.example"),
    ("rtmps://a.example:443/live2?backup=1", "a.example"),
    ("rtmp://h/app/{stream_key}?x=1", "h"),
    ("srt://[2001:DB8::1]:9000", "2001:db8::1"),
    ("udp://@239.0.0.1:1234", "239.0.0.1"),
    ("udp://@:1234", None),
    ("rtmp://good.example@evil.example/app", None),
    ("rtmp://good.example\\@evil.example/app", None),
    ("rtmp://evil.example#@good.example/app", None),
    ("rtmp://good.example:80:90/app", None),
    ("rtmp://{stream_key}@x/app", None),
    ("rtmp:// good.example/app", None),
    ("rtmp:///app", None),
    ("rtmp://bücher.example/app", None),
    ("rtmp:good.example/app", None),
    ("rtmp://[::::]/app", None),
    ("srt://[192.0.2.1]:9000", None),
]

PROBLEMS = [
    ("rtmp://h.example/app", None),
    ("srt://h.example:9000", None),
    ("srt://h.example:9000?mode=caller&latency=200", None),
    ("RTMP://h.example/app", None),
    ("rtmp://h/app/{stream_key}?key={stream_key}", None),
    ("rmtp://h/app", "the URL must start with rtmp://, rtmps:// or srt://"),
    ("file:///etc/passwd", "the URL must start with rtmp://, rtmps:// or srt://"),
    ("h.example/app", "the URL must start with rtmp://, rtmps:// or srt://"),
    ("rtmp://u:pw@h/app", "a user or password stands inside the URL"),
    ("rtmp://u@h/app", "a user or password stands inside the URL"),
    ("srt://h:1?passphrase=x", "'passphrase=' puts a secret inside the URL"),
    ("srt://h:1?PassPhrase=x", "'passphrase=' puts a secret inside the URL"),
    ("srt://h:1?a=b&pass%70hrase=x", "'passphrase=' puts a secret inside the URL"),
    ("srt://h:1?streamid=x", "'streamid=' puts a secret inside the URL"),
    ("rtmp://h/app?token=x", "'token=' puts a secret inside the URL"),
    ("rtmp://h:0/app", "the port is not between 1 and 65535"),
    ("rtmp://h:70000/app", "the port is not between 1 and 65535"),
    ("rtmp://h/a b", "this is not a URL that can be used"),
    ("rtmp://h/a\nb", "this is not a URL that can be used"),
    ("rtmp://h/a|b", "this is not a URL that can be used"),
    ("rtmp://", "no host stands behind rtmp://"),
    ("rtmp:///app", "no host stands behind rtmp://"),
    ("rtmp://{stream_key}/app", "this is not a URL that can be used"),
    ("rtmp://[::::]/app", "this is not a URL that can be used"),
    ("srt://[192.0.2.1]:9000", "this is not a URL that can be used"),
    ("rtmp://h.{stream_key}", "this is not a URL that can be used"),
    (" rtmp://h.example/app", "white space stands around the URL"),
    ("rtmp://h.example/app\n", "white space stands around the URL"),
    ("https://studio.example/live", "this is the address of a web page, not of a server to send to"),
    ("HTTP://studio.example", "this is the address of a web page, not of a server to send to"),
]


@pytest.mark.parametrize(("url", "expected"), HOSTS)
def test_host(url: str, expected: str | None) -> None:
    """The host is what ffmpeg would connect to; a URL that two parsers could read differently has none."""
    assert expected == url_host(url)


@pytest.mark.parametrize(("url", "expected"), PROBLEMS)
def test_problem(url: str, expected: str | None) -> None:
    """A target's URL has one of three schemes, a host, and no secret."""
    problem = url_problem(url, TARGET_SCHEMES)
    assert expected == (problem[0] if problem else None)


@pytest.mark.parametrize(
    "url",
    ["udp://@239.0.0.1:1234", "udp://:1234", "rtp://h:5004", "https://h/x.m3u8", "rtsp://h/s", "tcp://h:1"],
)
def test_pull(url: str) -> None:
    """A pull takes what ffmpeg fetches, multicast too."""
    assert url_problem(url, PULL_SCHEMES) is None


def test_nearest_scheme() -> None:
    """A misspelt scheme is told the one that was meant."""
    assert url_problem("rmtps://h/app", TARGET_SCHEMES) == (
        "the URL must start with rtmp://, rtmps:// or srt://",
        "did you mean rtmps://?",
    )


def test_same_place() -> None:
    """Case of scheme and host, the scheme's own port, the root's dot, a slash or the key's place at the end
    make no other place; another port and path do."""
    same = ["RTMPS://H.example:443/app/", "rtmps://h.example/app", "rtmps://h.example.:0443/app/{stream_key}"]
    assert len({same_place(url) for url in same}) == 1
    assert same_place("rtmp://h.example:1935/app") == same_place("rtmp://h.example/app")
    assert same_place("rtmp://h.example:443/app") != same_place("rtmps://h.example/app")
    assert same_place("srt://h.example:9000") != same_place("srt://h.example:9001")
    assert same_place("RTMP://H.example/app/") == same_place("rtmp://h.example/app")
    assert same_place("rtmp://h.example/app") != same_place("rtmp://h.example/App")
    assert same_place("rtmp://h.example/app") != same_place("rtmp://h.example:1936/app")


@given(st.text(max_size=60) | st.from_regex(r"(rtmp|srt|udp)://[ -~]{0,40}", fullmatch=True))
def test_any_text(url: str) -> None:
    """Any text has an answer, and a URL without a problem has a scheme that was allowed."""
    url_host(url)
    same_place(url)
    if url_problem(url, PULL_SCHEMES) is None:
        assert url_scheme(url) in PULL_SCHEMES
