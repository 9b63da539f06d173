"""Sealing a profile's text: what changes, what is refused, and what is proved."""

from __future__ import annotations

import traceback
from dataclasses import replace

import pytest

from spiritstream.config import sealing
from spiritstream.config.document import Document, parse_document
from spiritstream.config.edit import Edit, replace_spans, scalar_edit
from spiritstream.config.keypair import Identity
from spiritstream.config.leaves import SecretLeaf
from spiritstream.config.load import document_leaves
from spiritstream.config.seal import open_sealed, seal
from spiritstream.config.sealing import Sealing, seal_text
from spiritstream.errors import ExitCode, ProfileError, SpiritError
from spiritstream.secret import Secret

ME, STRANGER = Identity.create(), Identity.create()
CANARY = "canary-7f3a-key"
PROFILE = f"""\
# A show
version: 1
name: show
input:
  pull: {{url: "https://cam.example/live.m3u8", username: me, password: {CANARY}-1}}  # the camera
groups:
  source:
    targets:
      youtube: {{platform: YouTube, key: {CANARY}-2}}
      twitch:
        platform: twitch
        key: |-   # from the dashboard
          {CANARY}-3

      # An old one
      kick: {{platform: kick, key: {{env: KICK_KEY}}}}
      own:
        url: 'srt://[2001:DB8::1]:9000'
        passphrase: '{CANARY}-4'
      local: {{url: "rtmp://relay/app", key: 0123}}
"""
SEALED = (
    ("input.pull.password", "cam.example", "password", f"{CANARY}-1"),
    ("groups.source.targets.youtube.key", "youtube", "key", f"{CANARY}-2"),
    ("groups.source.targets.twitch.key", "twitch", "key", f"{CANARY}-3"),
    ("groups.source.targets.own.passphrase", "[2001:db8::1]", "passphrase", f"{CANARY}-4"),
    ("groups.source.targets.local.key", "relay.", "key", "0123"),
)


def sealed(text: str, identity: Identity | None = ME) -> Sealing:
    """The text, sealed for us."""
    return seal_text(text.encode(), "show.yaml", ME.recipient, identity, document_leaves)


def minimal(target: str) -> str:
    """A profile with one target."""
    return f"groups:\n  g:\n    targets:\n      t:\n        {target}\n"


def test_an_ingest_key_is_sealed_for_the_input() -> None:
    """The key that publishers must know opens at `input`, whatever the address is."""
    text = f"input:\n  rtmp:\n    listen: 0.0.0.0:1935\n    key: {CANARY}  # for OBS\n"
    result = sealed(text)
    assert ("input.rtmp.key",) == result.sealed
    assert result.proved
    (leaf,) = document_leaves(parse_document(result.data, "show.yaml"))
    assert Secret(CANARY) == open_sealed(ME, str(leaf.value), "input", "key")
    before, after = text.split(CANARY)
    assert result.data.decode().startswith(f'{before}"sealed:v1:')
    assert result.data.decode().endswith(f'"{after}')


def test_every_secret_is_sealed_for_its_place() -> None:
    """Each clear-text secret becomes a value that opens at its own destination and field, and only these."""
    result = sealed(PROFILE)
    assert tuple(path for path, *_ in SEALED) == result.sealed
    leaves = {leaf.path: leaf for leaf in document_leaves(parse_document(result.data, "show.yaml"))}
    for path, destination, field, value in SEALED:
        assert Secret(value) == open_sealed(ME, str(leaves[path].value), destination, field)
    assert CANARY.encode() not in result.data
    assert result.proved
    assert not result.left


@pytest.mark.parametrize("ends", ["\n", "\r\n"], ids=["LF", "CRLF"])
@pytest.mark.parametrize("mark", ["", "\ufeff"], ids=["plain", "BOM"])
def test_nothing_else_changes(ends: str, mark: str) -> None:
    """Line by line, what stands around the secrets stays byte for byte, with its line ends and BOM."""
    text = mark + PROFILE.replace("\n", ends)
    after = sealed(text).data.decode()
    block = f"{ends}          {CANARY}-3"
    expected = text.replace(f"|-   # from the dashboard{block}", '"{}"   # from the dashboard')
    for value in (f"{CANARY}-1", f"{CANARY}-2", "0123"):
        expected = expected.replace(value, '"{}"')
    expected = expected.replace(f"'{CANARY}-4'", "'{}'")
    pieces = expected.split("{}")
    position = 0
    for piece in pieces:
        position = after.index(piece, position) + len(piece)
    assert len(after) == position
    assert after.startswith(pieces[0])


def test_sealing_again_changes_nothing() -> None:
    """What is sealed, from a variable or from a file is left alone: the bytes are the very same."""
    once = sealed(PROFILE).data
    again = seal_text(once, "show.yaml", ME.recipient, ME, document_leaves)
    assert (once, ()) == (again.data, again.sealed)


@pytest.mark.parametrize(
    "target",
    [
        'key: "sealed:v1:nonsense"',
        "key: {env: NAME}",
        "key: {file: /run/secrets/key}",
        "platform: youtube",
        "record: {path: /tmp/show.flv}",
        "key: null",
    ],
)
def test_what_needs_no_sealing(target: str) -> None:
    """A text without clear-text secrets is not changed, also where its destination is not known."""
    text = minimal(target)
    result = sealed(text)
    assert (text.encode(), (), ()) == (result.data, result.sealed, result.left)


def test_what_is_no_text_is_named() -> None:
    """A list in a key's place cannot be sealed; it is not passed over in silence, nor shown."""
    result = sealed(minimal(f"platform: youtube\n        key: [{CANARY}]"))
    assert ("groups.g.targets.t.key",) == result.left
    assert CANARY not in repr(result)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("version: 1", "version: 7"),
        ("name: show", "name: [1, 2]"),
        ("# A show", "unknown: key"),
        ("input:", "inptu: {}\ninput:"),
    ],
)
def test_other_mistakes_do_not_hinder(before: str, after: str) -> None:
    """A profile that is wrong elsewhere can be sealed: that is for `validate` to say."""
    assert len(SEALED) == len(sealed(PROFILE.replace(before, after)).sealed)


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("platform: yuotube", "cannot be told where this secret goes"),
        ("url: nonsense", "cannot be told where this secret goes"),
        ("platform: youtube\n        url: rtmp://evil.example/app", "cannot be told where this secret goes"),
        ("enabled: true", "cannot be told where this secret goes"),
    ],
)
def test_a_secret_without_destination_is_refused(target: str, message: str) -> None:
    """If one secret's destination cannot be told, nothing is sealed; place and reason are said; exit 4."""
    text = PROFILE + f"      bad:\n        {target}\n        key: {CANARY}-9\n"
    with pytest.raises(
        ProfileError, match=rf"show\.yaml:\d+:14: groups\.source\.targets\.bad\.key: .*{message}"
    ) as caught:
        sealed(text)
    assert ExitCode.INVALID == caught.value.exit_code
    assert CANARY not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ('" {}"', "white space"),
        ("|\n          {}\n", "white space"),
        ('"{}\\tb"', "control character"),
        ('""', "empty"),
    ],
)
def test_what_can_be_no_key_is_refused(value: str, message: str) -> None:
    """A secret that was surely pasted wrongly is refused at its place, all of them at once, unshown."""
    text = minimal(
        f"platform: youtube\n        key: {value.format(CANARY)}\n        password: {value.format(CANARY)}"
    )
    with pytest.raises(ProfileError, match=message) as caught:
        sealed(text)
    assert 2 == len(caught.value.findings)
    assert CANARY not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize(
    "text", [f"key: [{CANARY}", f"key: {CANARY}\nkey: {CANARY}", f"key: &a {CANARY}", f"key: {CANARY}\0"]
)
def test_what_cannot_be_read_in_one_way_is_refused(text: str) -> None:
    """Broken YAML, doubled keys and anchors are refused before anything is sealed, unshown."""
    with pytest.raises(ProfileError) as caught:
        sealed(text)
    assert CANARY not in "".join(traceback.format_exception(caught.value))


def test_without_the_identity_it_is_said() -> None:
    """With a recipient alone the text is proved and the opening is not: the result says so."""
    result = sealed(PROFILE, None)
    assert not result.proved
    assert len(SEALED) == len(result.sealed)


@pytest.mark.parametrize("identity", [ME, None], ids=["identity", "recipient alone"])
@pytest.mark.parametrize("shift", [(-1, 0), (0, 1), (-2, -2), (1, 1)])
def test_a_wrong_edit_is_found(
    monkeypatch: pytest.MonkeyPatch, identity: Identity | None, shift: tuple[int, int]
) -> None:
    """If an edit hit the wrong place, the proof fails and there is no new text; nothing secret is said."""

    def slipped(text: str, start: int, end: int, value: str) -> Edit:
        return scalar_edit(text, start + shift[0], end + shift[1], value)

    monkeypatch.setattr(sealing, "scalar_edit", slipped)
    with pytest.raises(SpiritError, match="did not prove") as caught:
        sealed(minimal(f"{{platform: youtube, key: '{CANARY}'}}").replace("t:\n        {", "t: {"), identity)
    assert CANARY not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize("wrong", [(ME, "other"), (STRANGER, None)], ids=["another value", "for a stranger"])
def test_a_wrong_value_is_found(monkeypatch: pytest.MonkeyPatch, wrong: tuple[Identity, str | None]) -> None:
    """If a new value opened to another secret, or to none, the proof fails."""
    identity, value = wrong

    def spoiled(_: object, destination: str, field: str, secret: Secret) -> str:
        return seal(identity.recipient, destination, field, Secret(value) if value else secret)

    monkeypatch.setattr(sealing, "seal", spoiled)
    with pytest.raises(SpiritError, match="did not prove"):
        sealed(PROFILE)


def test_a_change_elsewhere_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """If anything but the secrets came out differently, the proof fails, though every value opens."""

    def careless(text: str, edits: list[Edit]) -> str:
        return replace_spans(text, edits).replace("version: 1", "version: 2")

    monkeypatch.setattr(sealing, "replace_spans", careless)
    with pytest.raises(SpiritError, match="did not prove"):
        sealed(PROFILE)


def test_another_destination_is_found() -> None:
    """If the new text led a value elsewhere, the proof fails, with a recipient alone too."""
    destinations = ["youtube", "twitch"]

    def forgetful(document: Document) -> list[SecretLeaf]:
        destination = destinations.pop(0)
        return [replace(leaf, destination=destination) for leaf in document_leaves(document)]

    text = minimal(f"platform: youtube\n        key: {CANARY}")
    with pytest.raises(SpiritError, match="did not prove"):
        seal_text(text.encode(), "show.yaml", ME.recipient, None, forgetful)
