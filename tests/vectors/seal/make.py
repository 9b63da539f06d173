"""Makes the vectors of sealed values: one file per scenario, with a textual head and the sealed text.

    python tests/vectors/seal/make.py          makes the files that are missing
    python tests/vectors/seal/make.py --all    makes all of them anew

Sealing is randomised, so the files are kept: a value that was sealed years ago must still open, and
each way of spoiling it must still be told from the others. The list of scenarios is the same each time.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from spiritstream.config.keypair import Identity, decode64, encode64, parse_identity
from spiritstream.config.seal import _SUITE, Sealed, _info, parse_sealed, seal
from spiritstream.secret import Secret

FOLDER = Path(__file__).parent
# Keys of nobody: made for these files.
SERVER = "spirit-identity-v1-ODfe-zWdv43RgcYjaX9izWVHP3fLT0v7tFd_v0Ef5V8auJEm"
STRANGER = "spirit-identity-v1-yJr5XkXkDSd_9ubc7aAya6qPoQdMzVxJiy72VhAKW3BtyZcx"
KEY = "abcd-efgh-ijkl-mnop-qrs"
ENC, TAG = slice(0, 32), slice(-16, None)


@dataclass(frozen=True)
class Scenario:
    """How one file comes about: seal `plaintext` for `sealed_for`, spoil it, open it at `destination`."""

    name: str
    expect: str
    comment: str
    spoil: Callable[[str], str] = str
    sealed_for: str = "youtube"
    sealed_as: str = "key"
    destination: str = "youtube"
    field: str = "key"
    plaintext: str = KEY
    raw: bytes | None = None  # sealed as it is, as a tool of one's own would
    identity: str = SERVER


def identity(text: str) -> Identity:
    """The identity that `text` spells."""
    found = parse_identity(text)
    assert found is not None
    return found


def flip(index: int, bit: int = 1) -> Callable[[str], str]:
    """One bit of the payload turned over."""

    def spoil(text: str) -> str:
        sealed = parse_sealed(text)
        payload = bytearray(sealed.payload)
        payload[index] ^= bit
        return str(Sealed(sealed.fingerprint, sealed.destination, bytes(payload)))

    return spoil


def payload(change: Callable[[bytes], bytes]) -> Callable[[str], str]:
    """The payload's bytes changed."""

    def spoil(text: str) -> str:
        head, _, tail = text.rpartition(":")
        data = decode64(tail)
        assert data is not None
        return f"{head}:{encode64(change(data))}"

    return spoil


def replaced(old: str, new: str) -> Callable[[str], str]:
    """A part of the text replaced."""

    def spoil(text: str) -> str:
        assert old in text
        return text.replace(old, new, 1)

    return spoil


def spare_bits(text: str) -> str:
    """The last character replaced by one that decodes to the same bytes in a careless decoder."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    assert len(text.rpartition(":")[2]) % 4, "choose a plaintext whose text ends in spare bits"
    return text[:-1] + alphabet[alphabet.index(text[-1]) + 1]


def stranger_fingerprint(text: str) -> str:
    """The fingerprint of another recipient."""
    return text.replace(parse_sealed(text).fingerprint, identity(STRANGER).fingerprint)


def uppercase_fingerprint(text: str) -> str:
    """The fingerprint in capitals."""
    fingerprint = parse_sealed(text).fingerprint
    assert fingerprint.upper() != fingerprint
    return text.replace(fingerprint, fingerprint.upper(), 1)


def standard_alphabet(text: str) -> str:
    """Base64's other alphabet."""
    head, _, tail = text.rpartition(":")
    changed = tail.replace("-", "+").replace("_", "/")
    return f"{head}:{changed if changed != tail else '+' + tail[1:]}"


GOOD = [
    Scenario("ok-platform", "ok", "a key for a platform"),
    Scenario("ok-host", "ok", "a host", sealed_for="live.example.org", destination="live.example.org"),
    Scenario("ok-local-host", "ok", "a host without a dot", sealed_for="relay.", destination="relay."),
    Scenario("ok-ipv4", "ok", "an IPv4 address", sealed_for="192.0.2.7", destination="192.0.2.7"),
    Scenario(
        "ok-ipv6", "ok", "colons inside brackets", sealed_for="[2001:db8::1]", destination="[2001:db8::1]"
    ),
    Scenario("ok-password", "ok", "another field", sealed_as="password", field="password"),
    Scenario("ok-unicode", "ok", "any text on one line", plaintext='päss wörd: #1 "日本" 🎬'),
    Scenario("ok-one-byte", "ok", "the shortest", plaintext="k"),
    Scenario("ok-longest", "ok", "4096 bytes", plaintext="k" * 4096),
    Scenario("ok-input", "ok", "an ingest key", sealed_for="input", destination="input"),
]
WRONG = [
    Scenario("wrong-identity", "wrong-identity", "another server's identity", identity=STRANGER),
    Scenario("wrong-fingerprint", "wrong-identity", "the text names another recipient", stranger_fingerprint),
]
MOVED = [
    Scenario("moved-platform", "moved", "copied to another platform", destination="twitch"),
    Scenario("moved-to-host", "moved", "copied to somebody's own server", destination="evil.example"),
    Scenario(
        "moved-to-subdomain", "moved", "a longer name is another place", destination="youtube.evil.example"
    ),
    Scenario(
        "moved-to-local-host", "moved", "a host that is called like the platform", destination="youtube."
    ),
    Scenario("moved-wrong-identity", "moved", "moved is said first", destination="twitch", identity=STRANGER),
]
TAMPERED = [
    Scenario("tampered-enc-first-bit", "tampered", "the encapsulated key", flip(0)),
    Scenario("tampered-enc-unused-bit", "tampered", "the bit that X25519 itself ignores", flip(31, 0x80)),
    Scenario("tampered-enc-zero", "tampered", "a key of no order", payload(lambda p: bytes(32) + p[32:])),
    Scenario("tampered-ciphertext", "tampered", "one bit of the ciphertext", flip(32)),
    Scenario("tampered-tag", "tampered", "one bit of the tag", flip(-1, 0x80)),
    Scenario("tampered-cut", "tampered", "the last byte is gone", payload(lambda p: p[:-1])),
    Scenario("tampered-grown", "tampered", "one byte more", payload(lambda p: p + b"\0")),
    Scenario(
        "tampered-destination-edited",
        "tampered",
        "moved, and the readable destination edited to match",
        replaced(":youtube:", ":evil.example:"),
        destination="evil.example",
    ),
    Scenario("tampered-field", "tampered", "a password used as a key", sealed_as="password"),
    Scenario("tampered-swapped", "tampered", "the parts swapped", payload(lambda p: p[32:] + p[:32])),
    Scenario("tampered-line-break", "tampered", "opens to two lines", raw=b"key\r\nInjected: yes"),
    Scenario("tampered-not-utf8", "tampered", "opens to bytes that are no text", raw=b"\xff\xfe\x00"),
    Scenario("tampered-white-space", "tampered", "opens to a key with a blank before it", raw=b" key"),
]
_MALFORMED: list[tuple[str, str, Callable[[str], str]]] = [
    ("spare-bits", "the same bytes, another text", spare_bits),
    ("padding", "base64 with padding", lambda text: text + "="),
    ("alphabet", "base64's other alphabet", standard_alphabet),
    ("line-break", "a line break at the end", lambda text: text + "\n"),
    ("inner-blank", "a blank inside", lambda text: text[:60] + " " + text[60:]),
    ("before", "something before it", lambda text: " " + text),
    ("short", "no room for a tag", payload(lambda p: p[:47])),
    ("huge", "longer than any value", lambda text: text + "A" * 8000),
    ("no-payload", "nothing in it", lambda text: text.rpartition(":")[0] + ":"),
    ("empty", "no text at all", lambda text: ""),
    ("prefix", "the first word alone", lambda text: "sealed:"),
    ("version", "a version that is not known", replaced(":v1:", ":v2:")),
    ("version-zero", "a version spelled otherwise", replaced(":v1:", ":v01:")),
    ("uppercase-destination", "there is one spelling", replaced(":youtube:", ":YouTube:")),
    ("uppercase-fingerprint", "there is one spelling", uppercase_fingerprint),
    ("no-destination", "bound to nothing", replaced(":youtube:", "::")),
    ("dotted-destination", "the root's dot", replaced(":youtube:", ":a.example.:")),
    ("bare-ipv6", "no brackets", replaced(":youtube:", ":2001:db8::1:")),
    ("long-ipv6", "not the shortest form", replaced("youtube", "[2001:db8:0::1]")),
    ("mapped-ipv6", "IPv4 in disguise", replaced("youtube", "[::ffff:c000:207]")),
    ("unicode-destination", "a Cyrillic look-alike", replaced(":youtube:", ":youtub\u0435:")),
]
MALFORMED = [
    *(Scenario(f"malformed-{name}", "malformed", comment, spoil) for name, comment, spoil in _MALFORMED),
    Scenario("malformed-empty-plaintext", "malformed", "a tag over nothing", raw=b""),
    Scenario("malformed-too-long", "malformed", "4097 bytes", raw=b"k" * 4097),
]


def scenarios() -> Iterator[Scenario]:
    """All of them, in the order of their outcomes."""
    yield from (*GOOD, *WRONG, *MOVED, *TAMPERED, *MALFORMED)


def content(scenario: Scenario) -> str:
    """The file of a scenario."""
    recipient = identity(SERVER).recipient
    if scenario.raw is None:
        text = seal(recipient, scenario.sealed_for, scenario.sealed_as, Secret(scenario.plaintext))
    else:
        info = _info(scenario.sealed_for, scenario.sealed_as)
        data = _SUITE.encrypt(scenario.raw, recipient.key, info=info)
        text = str(Sealed(recipient.fingerprint, scenario.sealed_for, data))
    head = {
        "expect": scenario.expect,
        "comment": scenario.comment,
        "identity": scenario.identity,
        "destination": scenario.destination,
        "field": scenario.field,
    }
    if scenario.expect == "ok":
        head["plaintext"] = scenario.plaintext
    return "".join(f"{name}: {value}\n" for name, value in head.items()) + f"\n{scenario.spoil(text)}\n"


def main() -> None:
    """Write the files."""
    for scenario in scenarios():
        path = FOLDER / f"{scenario.name}.txt"
        if "--all" in sys.argv or not path.exists():
            path.write_bytes(content(scenario).encode())
            print(path.name)


if __name__ == "__main__":
    main()
