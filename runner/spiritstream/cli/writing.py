"""The keys of a new profile, sealed as they come in, and the file, proved before it is written."""

from __future__ import annotations

import json
import os
import secrets
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from spiritstream.cli.questions import say
from spiritstream.errors import Finding, KeyMissingError, ProfileError, SpiritError, UsageError

if TYPE_CHECKING:
    from spiritstream.cli.answers import Answers, Wanted
    from spiritstream.cli.recipients import Keys as Pair
    from spiritstream.config.keypair import Recipient
    from spiritstream.secret import Secret

_FIELD = "key"
_INGEST = "input"
_MADE_BYTES = 24


class Keys:
    """Gives each key as it is to stand in the file: sealed, or the name of a variable.

    `how` is ask, stdin or env. `made` is a publisher's key that was made here, to be shown once.
    """

    def __init__(self, how: str, recipient: str | None, identity: Path | None, path: Path) -> None:
        self._how = how
        self._recipient = recipient
        self._identity = identity
        self._path = path
        self._pair: Pair | None = None
        self.sealed: dict[str, Secret] = {}
        """What was sealed, by its sealed text."""
        self.made = ""

    @property
    def pair(self) -> Pair:
        """Whom to seal for, found as `spiritstream seal` does.

        Raises:
            KeyMissingError: there is no recipient, and none was made when that was offered.
        """
        if self._pair is None:
            self._pair = self._found()
        return self._pair

    def _found(self) -> Pair:
        from spiritstream.cli.recipients import Recipients

        try:
            return Recipients(self._recipient, self._identity).of(self._path)
        except KeyMissingError:
            if self._recipient or not self._offered():
                raise
            return Recipients(None, self._identity).of(self._path)

    def _offered(self) -> bool:
        """Whether the person let an identity be made where there is none."""
        from spiritstream.cli.settings import Environment
        from spiritstream.config.identity import Identity, new_identity_path, save_identity

        path = new_identity_path(self._identity, Environment())
        if self._how != "ask" or not sys.stdin.isatty() or path.exists():
            return False
        if not click.confirm("There is no identity here to seal keys for. Make one?", default=True, err=True):
            return False
        save_identity(Identity.create(), path)
        say(f"  identity: {path}. Keep a copy in a safe place, outside of git: without it nothing opens.")
        return True

    def of_platform(self, wanted: Wanted, destination: str) -> str:
        """A platform's stream key."""
        if self._how == "env":
            return _variable(wanted.name)
        recipient = self.pair.recipient
        if self._how == "ask" and wanted.platform.stream_key_url:
            say(f"  {wanted.platform.name} shows it here: {wanted.platform.stream_key_url}")
        return self._sealed(recipient, f"the stream key of {wanted.name}", destination)

    def of_publisher(self) -> str:
        """The key that a publisher has to know."""
        if self._how == "env":
            return _variable("ingest")
        return self._sealed(self.pair.recipient, "the publisher's stream key", _INGEST, can_be_made=True)

    def _sealed(self, recipient: Recipient, what: str, destination: str, *, can_be_made: bool = False) -> str:
        from spiritstream.config.seal import seal
        from spiritstream.secret import Secret

        while True:
            secret = self._read(what, can_be_made)
            if can_be_made and not secret:
                self.made = secrets.token_urlsafe(_MADE_BYTES)
                secret = Secret(self.made)
            try:
                text = seal(recipient, destination, _FIELD, secret)
            except UsageError as error:
                if self._how != "ask":
                    raise UsageError(f"{what}: {error.message}", error.hint) from None
                say(f"  {error.message} ({error.hint})")
                continue
            self.sealed[text] = secret
            return json.dumps(text)

    def _read(self, what: str, can_be_made: bool) -> Secret:
        from spiritstream.cli.asking import ask_secret, line_of_input

        if self._how == "stdin":
            return line_of_input(what)
        if not sys.stdin.isatty():
            raise UsageError(
                f"nobody is at a terminal to be asked for {what}", "add --keys stdin, or --keys env"
            )
        return ask_secret(
            f"{what} (not shown{'; you choose it; empty: one is made' if can_be_made else ''}): "
        )

    def opens(self, sealed: str, destination: str, secret: Secret) -> bool:
        """Whether a value opens to what was sealed, as far as the identity is at hand to tell."""
        from spiritstream.config.seal import open_sealed

        identity = self.pair.identity
        return identity is None or open_sealed(identity, sealed, destination, _FIELD) == secret


def _variable(name: str) -> str:
    word = name.upper().replace("-", "_")
    return f"{{env: {'_' if word[0].isdigit() else ''}{word}_KEY}}"


def write_profile(answers: Answers, keys: Keys) -> list[Finding]:
    """Ask for the keys, write the profile, and give what is to be warned of.

    Raises:
        ProfileError: it is not valid; nothing was written.
        SpiritError: a key cannot be had, or the file cannot be written; nothing was written.
    """
    from spiritstream.config.creating import create_file

    text = _text(answers, keys)
    warnings = _proved(text, answers.path, keys)
    create_file(answers.path, text.encode())
    # All that is in it is sealed: the controller's user may read it, as far as the person's umask says.
    answers.path.chmod(0o666 & ~_umask())
    return warnings


def _umask() -> int:
    umask = os.umask(0o077)
    os.umask(umask)
    return umask


def _text(answers: Answers, keys: Keys) -> str:
    from spiritstream.config.data import data_folder
    from spiritstream.config.drafting import Draft, DraftInput, DraftTarget, profile_text
    from spiritstream.config.leaves import destination_of
    from spiritstream.config.load import surroundings
    from spiritstream.config.recognising import doubt_of

    around = surroundings(answers.path.parent)
    drafts = []
    for one in answers.targets:
        place: dict[str, object] = {"platform": one.platform.id}
        place |= {"server": one.server} if one.server else {}
        destination = destination_of(place, around.destination)
        if destination is None:
            raise SpiritError(f"it cannot be told where the key of {one.name} goes", "name another server")
        key = keys.of_platform(one, destination)
        drafts.append(
            DraftTarget(
                one.name,
                one.platform.id,
                one.platform.name,
                key,
                one.server,
                one.platform.stream_key_url,
                one.quality,
                one.platform.bounds,
                doubt_of(one.platform, one.server),
            )
        )
    key = keys.of_publisher() if answers.publishers_need_a_key else ""
    source = DraftInput(answers.kind, answers.listen, key, answers.url, answers.media)
    schema = str(data_folder("schemas") / "profile.schema.json")
    return profile_text(Draft(answers.name, answers.shell_file, schema, source, drafts))


def _proved(text: str, path: Path, keys: Keys) -> list[Finding]:
    """Read it as anybody will: it is valid, and every value in it opens to the key that was given."""
    from spiritstream.cli.files import label
    from spiritstream.config.commonfile import common_for
    from spiritstream.config.document import parse_document
    from spiritstream.config.load import check_data, document_leaves

    name = label(path)
    checked = check_data(text.encode(), name, path.parent, common=common_for(path))
    if checked.findings:
        raise ProfileError(checked.findings)
    leaves = {str(leaf.value): leaf for leaf in document_leaves(parse_document(text, name))}
    for sealed, secret in keys.sealed.items():
        leaf = leaves[sealed]
        if leaf.destination is None or not keys.opens(sealed, leaf.destination, secret):
            raise SpiritError("a sealed key did not prove to open; nothing was written", "please report it")
    return list(checked.warnings)
