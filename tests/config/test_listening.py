"""`input.rtmp`: where it listens, who may publish, and what is said when that cannot be."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spiritstream.config.listening import ListenError, parse_listen
from spiritstream.config.load import check_text

HEAD = "version: 1\nname: x\ninput:\n  rtmp: "
KEY = "key: {env: K}"

LISTEN: list[tuple[str | int | float, tuple[str, int]]] = [
    ("0.0.0.0:1936", ("0.0.0.0", 1936)),
    ("192.0.2.7", ("192.0.2.7", 1935)),
    ("127.0.0.1:443", ("127.0.0.1", 443)),
    ("localhost:1936", ("127.0.0.1", 1936)),
    ("LocalHost", ("127.0.0.1", 1935)),
    ("[::1]:1936", ("::1", 1936)),
    ("[2001:DB8:0:0::1]", ("2001:db8::1", 1935)),
    ("[::]:1935", ("::", 1935)),
    ("[::ffff:192.0.2.7]:1935", ("192.0.2.7", 1935)),
    (":1936", ("0.0.0.0", 1936)),
    ("1936", ("0.0.0.0", 1936)),
    (1936, ("0.0.0.0", 1936)),
    (1936.0, ("0.0.0.0", 1936)),
    (65535, ("0.0.0.0", 65535)),
]


@pytest.mark.parametrize(("value", "expected"), LISTEN)
def test_listen(value: str | int | float, expected: tuple[str, int]) -> None:
    """Whatever names one address without doubt is taken, and gives that address in its one spelling."""
    assert expected == parse_listen(value)


URL = "this is a URL, not an address to listen on"
PORT = "the port is not between 1 and 65535"
BRACKETS = "an IPv6 address stands in brackets here"
HOST = "the host must be localhost or an IP address of this machine"
FORM = "expected an address to listen on, as HOST:PORT"
NOT_LISTEN = [
    ("rtmp://0.0.0.0:1935/live", URL),
    ("0.0.0.0:0", PORT),
    ("0.0.0.0:65536", PORT),
    ("0", PORT),
    ("::1", BRACKETS),
    ("::1:1935", BRACKETS),
    ("2001:db8::1", BRACKETS),
    ("studio.example:1935", HOST),
    ("127.1:1935", HOST),
    ("256.0.0.1", HOST),
    (" 127.0.0.1", HOST),
    ("127.0.0.1\n", HOST),
    ("[127.0.0.1]:1935", HOST),
    ("[studio]:1935", HOST),
    ("[]:1935", HOST),
    ("[fe80::1%eth0]:1935", HOST),
    ("*:1935", HOST),
    ("0.0.0.0:http", FORM),
    ("0.0.0.0:", FORM),
    ("0.0.0.0:-1", FORM),
    ("0.0.0.0:1935/live", FORM),
    ("0.0.0.0:9999999999", FORM),
    ("[::1]1935", FORM),
    ("[::1", FORM),
    ("", FORM),
    ("\u0661\u0669\u0663\u0665", HOST),  # digits, but of another script
]


@pytest.mark.parametrize(("text", "expected"), NOT_LISTEN)
def test_no_address(text: str, expected: str) -> None:
    """What names no address of this machine is refused, with what is wrong and what to do."""
    with pytest.raises(ListenError) as caught:
        parse_listen(text)
    message, hint = caught.value.problem
    assert expected == message
    assert hint


@given(st.text(max_size=30) | st.ip_addresses().map(lambda ip: f"[{ip}]") | st.integers(0, 99_999).map(str))
def test_any_text(text: str) -> None:
    """Any text is an address in one spelling, or refused; the address written out is that address again."""
    try:
        host, port = parse_listen(text)
    except ListenError as error:
        assert error.problem[0]
        return
    assert (host, port) == parse_listen(f"[{host}]:{port}" if ":" in host else f"{host}:{port}")


NO_KEY = "f:4:3: input.rtmp: 'key' is missing: anybody who reaches this address could publish"
APP = (
    "expected an application such as live or live/stage: letters, digits, '.', '_', '~' and '-', "
    "no '/' at its ends"
)
PEM = "expected the path of a PEM file (what is in the file does not belong here)"

# (the mapping, findings' first lines)
CASES: dict[str, tuple[str, list[str]]] = {
    "every default": ("{}", []),
    "everything": (
        f"{{listen: 1935, app: a/b.c, {KEY}, open: false, takeover: reject, hold: 1h, "
        "tls: {certificate: a.pem, private_key: b.pem}}",
        [],
    ),
    "nothing": (
        "",
        [
            'f:4:8: input.rtmp: expected a mapping such as {listen: "0.0.0.0:1935", app: live, key: ...}; '
            "{} takes every default, found nothing"
        ],
    ),
    "this machine, 127.x": ("{listen: 127.9.9.9}", []),
    "this machine, IPv6": ('{listen: "[::1]"}', []),
    "this machine, by name": ("{listen: localhost}", []),
    "this machine, mapped": ('{listen: "[::ffff:127.0.0.1]"}', []),
    "everywhere": ("{listen: 0.0.0.0:1935}", [NO_KEY]),
    "everywhere, IPv6": ('{listen: "[::]:1935"}', [NO_KEY]),
    "a port alone": ("{listen: 1935}", [NO_KEY]),
    "one address": ("{listen: 192.0.2.7}", [NO_KEY]),
    "not open": ("{listen: 192.0.2.7, open: false}", [NO_KEY]),
    "open": ("{listen: 0.0.0.0, open: true}", []),
    "open here": ("{open: true}", []),
    "perhaps open": (
        "{listen: 0.0.0.0, open: yes}",
        ["f:4:33: input.rtmp.open: expected true or false, found text"],
    ),
    "open with a key": (
        f"{{open: true, {KEY}}}",
        ["f:4:10: input.rtmp.open: 'open: true' lets anybody publish, but there is a key"],
    ),
    "a key in clear text": (
        "{listen: 0.0.0.0, key: hunter2}",
        ["f:4:32: input.rtmp.key: a secret stands here in clear text"],
    ),
    "a key of digits": (
        "{key: 12345}",
        ["f:4:15: input.rtmp.key: a secret stands here in clear text"],
    ),
    "no key after all": (
        "{listen: 0.0.0.0, key: }",
        [
            "f:4:31: input.rtmp.key: expected a sealed value, {env: NAME} or {file: PATH}, found nothing",
        ],
    ),
    "no address": ("{listen: here}", [f"f:4:18: input.rtmp.listen: {HOST}"]),
    "no address, and nothing said of a key": (
        '{listen: "::1:1935"}',
        [f"f:4:18: input.rtmp.listen: {BRACKETS}"],
    ),
    "no port": ("{listen: 70000}", ["f:4:18: input.rtmp.listen: must be from 1 to 65535"]),
    "a fraction": (
        "{listen: 19.35}",
        ["f:4:18: input.rtmp.listen: expected an address to listen on such as 0.0.0.0:1935, found a number"],
    ),
    "true": (
        "{listen: true}",
        [
            "f:4:18: input.rtmp.listen: expected an address to listen on such as 0.0.0.0:1935, "
            "found true or false"
        ],
    ),
    "empty listen": ('{listen: ""}', ["f:4:18: input.rtmp.listen: must not be empty"]),
    "unquoted brackets": ("{listen: [::1]:1935}", ["f:4:19: a value is missing here"]),
    "app with a slash before": ("{app: /live}", [f"f:4:15: input.rtmp.app: {APP}"]),
    "app with a slash behind": ("{app: live/}", [f"f:4:15: input.rtmp.app: {APP}"]),
    "app with an empty part": ("{app: live//stage}", [f"f:4:15: input.rtmp.app: {APP}"]),
    "app with a query": ("{app: 'live?x'}", [f"f:4:15: input.rtmp.app: {APP}"]),
    "app with a line break": ('{app: "live\\n"}', [f"f:4:15: input.rtmp.app: {APP}"]),
    "empty app": ('{app: ""}', [f"f:4:15: input.rtmp.app: {APP}"]),
    "a number as app": ("{app: 7}", [f"f:4:15: input.rtmp.app: {APP}, found a number"]),
    "long app": (f"{{app: {'a' * 129}}}", ["f:4:15: input.rtmp.app: longer than 128 characters"]),
    "takeover": (
        "{takeover: silent}",
        ["f:4:20: input.rtmp.takeover: expected reject, replace or when-silent"],
    ),
    "no hold": ("{hold: 0s}", []),
    "long hold": ("{hold: 61m}", ["f:4:16: input.rtmp.hold: must be from 0s to 1h"]),
    "negative hold": ("{hold: -1}", ["f:4:16: input.rtmp.hold: must be from 0s to 1h"]),
    "hold in words": (
        "{hold: soon}",
        ["f:4:16: input.rtmp.hold: expected a duration such as 2s, 500ms, 90m or 1h"],
    ),
    "a certificate alone": (
        "{tls: {certificate: a.pem}}",
        ["f:4:10: input.rtmp.tls: 'private_key' is missing"],
    ),
    "empty tls": (
        "{tls: {}}",
        [
            "f:4:10: input.rtmp.tls: 'certificate' is missing",
            "f:4:10: input.rtmp.tls: 'private_key' is missing",
        ],
    ),
    "tls in other words": (
        "{tls: {cert: a.pem, key: b.pem}}",
        ["f:4:16: input.rtmp.tls: unknown key 'cert'", "f:4:29: input.rtmp.tls: unknown key 'key'"],
    ),
    "tls at home": (
        "{tls: {certificate: ~/a.pem, private_key: 'file:///b.pem'}}",
        [
            "f:4:29: input.rtmp.tls.certificate: '~' is not followed",
            "f:4:51: input.rtmp.tls.private_key: this is a URL, not a file's path",
        ],
    ),
    "a private key itself": (
        '{tls: {certificate: a.pem, private_key: "-----BEGIN PRIVATE KEY-----\\nMC4C"}}',
        [f"f:4:49: input.rtmp.tls.private_key: {PEM}"],
    ),
    "tls is true": (
        "{tls: true}",
        [
            "f:4:15: input.rtmp.tls: expected a mapping such as {certificate: FILE, private_key: FILE}, "
            "found true or false"
        ],
    ),
    "another field": ("{passphrase: {env: P}}", ["f:4:10: input.rtmp: unknown key 'passphrase'"]),
    "sealed for elsewhere": (
        f"{{key: 'sealed:v1:0123456789abcdef:youtube:{'A' * 80}'}}",
        ["f:4:15: input.rtmp.key: sealed for youtube, but here its key would go to input"],
    ),
    "sealed for an input": (f"{{key: 'sealed:v1:0123456789abcdef:input:{'A' * 80}'}}", []),
    "all at once": (
        "{listen: here, app: /, open: true, key: x, hold: 2h}",
        [
            f"f:4:18: input.rtmp.listen: {HOST}",
            f"f:4:29: input.rtmp.app: {APP}",
            "f:4:32: input.rtmp.open: 'open: true' lets anybody publish, but there is a key",
            "f:4:49: input.rtmp.key: a secret stands here in clear text",
            "f:4:58: input.rtmp.hold: must be from 0s to 1h",
        ],
    ),
}


@pytest.mark.parametrize(("rtmp", "expected"), CASES.values(), ids=CASES)
def test_findings(rtmp: str, expected: list[str]) -> None:
    """Each mistake is said once, at its place, and all of them at once."""
    assert expected == [str(finding).splitlines()[0] for finding in check_text(f"{HEAD}{rtmp}\n", "f")]


LISTEN_HINT = "did you mean 'listen'? it holds address and port: listen: \"0.0.0.0:1935\""
WRITE = 'write: rtmp: {listen: "0.0.0.0:1935", app: live, key: ...}'
FETCHES = (
    'this version fetches: pull: {url: "srt://HOST:PORT"}, or rtsp, http(s), udp, rtmp; '
    "only rtmp can be published to it"
)
HINTS: dict[str, tuple[str, list[str]]] = {
    "no key": (
        "{rtmp: {listen: 0.0.0.0}}",
        [
            "add 'key:', which publishers then have to know, or 'open: true' if anybody may publish; "
            "with 'listen: 127.0.0.1' neither is needed"
        ],
    ),
    "open with a key": (f"{{rtmp: {{open: true, {KEY}}}}}", ["remove one of the two"]),
    "clear text": ("{rtmp: {key: hunter2}}", ["run: spiritstream seal f"]),
    "SpiritStream's words": (
        "{type: rtmp, bindAddress: 0.0.0.0, port: 1935, application: live}",
        [WRITE] * 4,
    ),
    "SpiritStream's words below rtmp": (
        "{rtmp: {bindAddress: 0.0.0.0, port: 1935, application: live, streamKey: {env: K}}}",
        [LISTEN_HINT, LISTEN_HINT, "did you mean 'app'?", "did you mean 'key'?"],
    ),
    "rtmps": ("{rtmps: {}}", [f"{WRITE}, and in it tls: {{certificate: FILE, private_key: FILE}}"]),
    "srt": ("{srt: {}}", [FETCHES]),
    "a URL below rtmp": (
        "{rtmp: {url: 'rtmp://h/live'}}",
        ["this is where publishers come: 'listen' and 'app'; to fetch a stream, write pull: {url: ...}"],
    ),
    "tls": (
        "{rtmp: {tls: {}}}",
        [
            "add 'certificate:', the PEM file of the certificate with its chain",
            "add 'private_key:', the PEM file of the certificate's private key",
        ],
    ),
    "tls in other words": (
        "{rtmp: {tls: {cert: a.pem, key: b.pem}}}",
        ["did you mean 'certificate'?", "did you mean 'private_key'?"],
    ),
    "takeover": ("{rtmp: {takeover: silent}}", ["did you mean when-silent?"]),
    "unquoted brackets": (
        "{rtmp: {listen: [::1]:1935}}",
        ["check the brackets, commas and '|', and put an address such as \"[::1]:1935\" in quotes"],
    ),
}


@pytest.mark.parametrize(("given_input", "expected"), HINTS.values(), ids=HINTS)
def test_hint(given_input: str, expected: list[str]) -> None:
    """A finding says what to do, in the words of the file; other programs' words lead to ours."""
    text = f"version: 1\nname: x\ninput: {given_input}\n"
    assert expected == [finding.hint for finding in check_text(text, "f")]


@pytest.mark.parametrize("listen", ["CANARY", "rtmp://CANARY/live", "[CANARY]", "CANARY:1935", "::CANARY"])
def test_what_stands_there_is_not_repeated(listen: str) -> None:
    """A key that was pasted in place of the address is in no message."""
    findings = check_text(f"{HEAD}{{listen: '{listen}'}}\n", "f")
    assert 1 == len(findings)
    assert "CANARY" not in str(findings[0])
