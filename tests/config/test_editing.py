"""A profile for an editor and back: what was not changed is the same to the byte."""

from __future__ import annotations

import pytest

from spiritstream.config.document import parse_document
from spiritstream.config.editing import Opened, open_text, seal_again
from spiritstream.config.keypair import Identity
from spiritstream.config.keyring import Keyring
from spiritstream.config.load import document_leaves
from spiritstream.config.seal import seal
from spiritstream.config.sealing import seal_text
from spiritstream.errors import KeyMissingError, ProfileError, TamperedError
from spiritstream.secret import Secret

ME, BEFORE, STRANGER = Identity.create(), Identity.create(), Identity.create()
RING = Keyring(ME, BEFORE)
CANARY = "canary-7f3a-key"


def sealed(destination: str, value: str, identity: Identity = ME, field: str = "key") -> str:
    """A value that is sealed for somebody."""
    return seal(identity.recipient, destination, field, Secret(value))


WEIRD = "a\"b\\c 'd' #e: ü日🎬\u00a0f"
TEXT = f"""\
# The show
version: 1
name: show
input: {{rtmp: {{key: '{sealed("input", f"{CANARY}-1")}'}}}}   # for OBS
groups:
  source:
    targets:
      youtube: {{platform: youtube, key: {sealed("youtube", f"{CANARY}-2", BEFORE)}}}
      twitch:
        platform: twitch
        key: |-   # from the dashboard
          {sealed("twitch", f"{CANARY}-3")}

      kick: {{platform: kick, key: {{env: KICK_KEY}}}}
      weird: {{url: "rtmp://relay.example/app", key: "{sealed("relay.example", WEIRD)}"}}
"""


def opened(text: str = TEXT) -> Opened:
    """The text, opened by us."""
    return open_text(text.encode(), "f", RING, document_leaves)


def again(edited: str, text: str = TEXT) -> str:
    """The edited text, sealed."""
    return seal_again(edited.encode(), "f", opened(text), RING, document_leaves).decode()


def values(text: str) -> dict[str, str | None]:
    """Every secret of a text, opened; `None` for what is not sealed."""
    found: dict[str, str | None] = {}
    for leaf in document_leaves(parse_document(text, "f")):
        found[leaf.path.removeprefix("groups.source.targets.")] = None
        if isinstance(leaf.value, str) and leaf.destination:
            found[leaf.path.removeprefix("groups.source.targets.")] = RING.open(
                leaf.value, leaf.destination, leaf.field
            ).reveal()
    return found


def lines_changed(text: str) -> list[int]:
    """The lines in which a text differs from the original; they count from 1."""
    pairs = zip(TEXT.splitlines(), text.splitlines(), strict=True)
    return [number for number, (old, new) in enumerate(pairs, 1) if old != new]


EVERY = {
    "input.rtmp.key": f"{CANARY}-1",
    "youtube.key": f"{CANARY}-2",
    "twitch.key": f"{CANARY}-3",
    "kick.key": None,
    "weird.key": WEIRD,
}


def test_the_editor_sees_every_value() -> None:
    """Each sealed value stands there in clear text, whatever is in it, and everything else as it was."""
    text = opened().text.decode()
    document = parse_document(text, "f")
    seen = {leaf.path.rsplit("targets.")[-1]: leaf.value for leaf in document_leaves(document)}
    assert EVERY | {"kick.key": {"env": "KICK_KEY"}} == seen
    assert "sealed:" not in text
    assert "# from the dashboard" in text
    assert "   # for OBS" in text
    assert CANARY not in repr(opened())


@pytest.mark.parametrize("ends", ["\n", "\r\n"], ids=["LF", "CRLF"])
@pytest.mark.parametrize("mark", ["", "\ufeff"], ids=["plain", "BOM"])
def test_nothing_changed(ends: str, mark: str) -> None:
    """Sealed again without an edit, it is the same to the byte: quotes, block scalars, line ends, BOM."""
    text = mark + TEXT.replace("\n", ends)
    assert text == again(opened(text).text.decode(), text)


def test_only_what_was_changed_changes() -> None:
    """One new key: its line differs and no other; the values are as they were edited."""
    text = again(opened().text.decode().replace(f"{CANARY}-2", "new-key"))
    assert [8] == lines_changed(text)
    assert EVERY | {"youtube.key": "new-key"} == values(text)
    assert CANARY not in text


def test_other_edits_leave_the_values_alone() -> None:
    """A comment, a name, a target that is gone or new: the sealed texts that stay are the same."""
    edited = opened().text.decode().replace("# The show", "# Our show").replace("name: show", "name: ours")
    text = again(edited)
    assert [1, 3] == lines_changed(text)
    gone = "\n".join(line for line in edited.splitlines() if "youtube" not in line) + "\n"
    assert again(gone) == "\n".join(line for line in text.splitlines() if "youtube" not in line) + "\n"


def test_a_renamed_target_keeps_its_sealed_text() -> None:
    """A value may move to another target that leads to the same destination, as it is."""
    edited = opened().text.decode().replace("      youtube: {", "      main: {")
    text = again(edited)
    assert f"{CANARY}-2" == values(text)["main.key"]
    assert TEXT.split("platform: youtube, key: ")[1].split("}")[0] in text


def test_another_destination_is_sealed_anew() -> None:
    """A target that goes elsewhere has its key sealed for there, with the others left alone."""
    edited = opened().text.decode().replace("platform: youtube", "platform: trovo")
    text = again(edited)
    assert [8] == lines_changed(text)
    assert f"{CANARY}-2" == values(text)["youtube.key"]


def test_a_new_secret_is_sealed() -> None:
    """A key that was added in clear text is sealed, for the current identity."""
    edited = opened().text.decode() + f"      own: {{url: 'rtmp://own.example/app', key: {CANARY}-9}}\n"
    text = again(edited)
    assert f"{CANARY}-9" == values(text)["own.key"]
    assert f"sealed:v1:{ME.fingerprint}:own.example:" in text
    assert text.startswith(TEXT)


def test_a_block_that_moved() -> None:
    """Where the old source would mean something else, the value is written plainly, and is the same."""
    edited = opened().text.decode()
    line = edited.splitlines()[10]
    flow = edited.replace(
        "      twitch:\n        platform: twitch\n" + line,
        "      twitch: {platform: twitch,\n" + line + "\n  }",
    )
    text = again(flow)
    assert EVERY == values(text)


@pytest.mark.parametrize(
    ("text", "kind", "place"),
    [
        (
            TEXT.replace(f":{ME.fingerprint}:input:", f":{STRANGER.fingerprint}:input:"),
            KeyMissingError,
            "f:4:21",
        ),
        (TEXT.replace("platform: twitch", "platform: kick"), TamperedError, "f:11:14"),
        (TEXT.replace("version: 1", "version: [1"), ProfileError, "f:"),
    ],
)
def test_what_cannot_be_opened(text: str, kind: type[Exception], place: str) -> None:
    """A value that does not open is named with its place: nothing is half open in an editor."""
    with pytest.raises(kind, match=place):
        opened(text)


@pytest.mark.parametrize(
    "edited",
    [
        "version: [1",
        f"groups: {{g: {{targets: {{t: {{platform: yuotube, key: {CANARY}}}}}}}}}",
        f"groups: {{g: {{targets: {{t: {{platform: youtube, key: ' {CANARY}'}}}}}}}}",
    ],
)
def test_what_cannot_be_sealed(edited: str) -> None:
    """A broken text, or a key that goes nowhere or can be none, is refused and not repeated."""
    with pytest.raises(ProfileError) as caught:
        again(edited)
    assert CANARY not in str(caught.value)


def test_seal_makes_what_edit_opens() -> None:
    """What `seal` wrote opens, and comes back unchanged."""
    clear = TEXT.replace(TEXT.splitlines()[3], f"input: {{rtmp: {{key: {CANARY}}}}}")
    text = seal_text(clear.encode(), "f", ME.recipient, ME, document_leaves).data.decode()
    assert text == again(opened(text).text.decode(), text)
