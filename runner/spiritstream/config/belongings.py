"""What spiritstream keeps on this machine: the settings and the profiles, to be exported or removed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from spiritstream.config.common import COMMON
from spiritstream.config.commonfile import common_for, common_of
from spiritstream.config.document import read_document
from spiritstream.config.identityfile import Locked, UnknownVersionError, parse_identity_file
from spiritstream.config.keypair import IDENTITY_PREFIX
from spiritstream.config.load import check_text, read_bounded, unreadable
from spiritstream.config.ownfile import own_entry
from spiritstream.config.private import read_private
from spiritstream.config.settings import Settings, read_settings
from spiritstream.config.shelf import FOLDER, LINKED, PlatformFile, config_platforms
from spiritstream.config.themefolder import exported_themes, theme_files, themes_folder
from spiritstream.errors import ExitCode, Finding, KeyMissingError, ProfileError, SpiritError

_TOP = "spiritstream"
"""The archive's folder: it is laid out as the config folder, so that it can be unpacked there."""
_MAX_IDENTITY_BYTES = 4096
# What a file has that is a profile, be it valid or not.
_PROFILE_KEYS = {"version", "name", "input"}


class ClearTextError(SpiritError):
    """A secret would leave this machine in clear text."""

    exit_code = ExitCode.GUARDED


@dataclass(frozen=True, slots=True)
class Clearing:
    """What a clearing removes, and what it leaves with the reason."""

    removed: list[Path]
    left: dict[Path, str]


def exported(settings: Settings, profiles: Sequence[Path], identity: Path | None) -> dict[str, bytes]:
    """The files of an archive by their names in it: settings, profiles, and an identity if one is named.

    Among `profiles` are the platforms beside them, and the config folder's.

    All of it holds no secret in clear text: only what is valid is exported, and the schemas know of no
    such secret.

    Raises:
        ProfileError: a profile is not valid, or holds a secret that is not sealed.
        ClearTextError: the identity is not protected by a passphrase.
        KeyMissingError: the identity cannot be read.
    """
    files: dict[str, bytes] = {}
    if document := read_settings(settings.path):
        files[f"{_TOP}/settings.yaml"] = document.text.encode()
    findings: list[Finding] = []
    own = config_platforms()
    for path in profiles:
        data, wrong = _checked(path)
        findings += wrong
        is_own = path.parent == own
        place = f"{FOLDER}/{path.name}" if is_own else f"profiles/{_seen_from(settings.profiles, path)}"
        files[f"{_TOP}/{place}"] = data
    if findings:
        raise ProfileError(findings)
    files |= {f"{_TOP}/{name}": data for name, data in exported_themes().items()}
    if identity is not None:
        files[f"{_TOP}/identity"] = _protected(identity)
    return files


def _seen_from(folder: Path, path: Path) -> str:
    return path.relative_to(folder).as_posix()


def _checked(path: Path) -> tuple[bytes, list[Finding]]:
    try:
        data = read_bounded(path)
    except OSError as error:
        return b"", [unreadable(str(path), error)]
    if path.name == COMMON:
        return data, list(common_of(data, str(path)).findings)
    if path.parent.name == FOLDER:
        return data, _wrong_with(PlatformFile(str(path), data), path)
    return data, check_text(data, str(path), path.parent, common_for(path))


def _wrong_with(file: PlatformFile, path: Path) -> list[Finding]:
    if path.parent != config_platforms() and _leaves(path):
        return [Finding(file.file, 1, 1, "", *LINKED)]
    found = own_entry(file)
    return list(found) if isinstance(found, tuple) else []


def _leaves(path: Path) -> bool:
    """Whether a platform's file is reached by a link from where its folder stands."""
    return not path.resolve().is_relative_to(path.parent.parent.resolve())


def _protected(path: Path) -> bytes:
    """An identity's file that is of no use without its passphrase."""
    try:
        data = read_private(path, "the identity", _MAX_IDENTITY_BYTES, "make a new one").data
        text = data.decode()
        held = parse_identity_file(text)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise KeyMissingError(f"the identity {path} cannot be read: {reason}") from None
    except (UnicodeDecodeError, UnknownVersionError):
        held, text = None, ""
    # A comment may hold what the file's own lines do not.
    if not isinstance(held, Locked) or IDENTITY_PREFIX in text:
        raise ClearTextError(
            f"the identity {path} is not protected by a passphrase, so it is not exported",
            "protect it first: `spiritstream keys passwd`; or export without --with-identity",
        )
    return data


def clearing(settings: Settings, profiles: Sequence[Path]) -> Clearing:
    """What is there to be removed: the settings' file, the profiles and the themes.

    Left are: what lies in a git work tree, what lies among the recordings, and what is no profile.
    """
    found = [*([settings.path] if settings.path.exists() else []), *profiles, *theme_files()]
    left = {path: reason for path in found if (reason := _reason_to_stay(path, settings))}
    return Clearing([path for path in found if path not in left], left)


def _reason_to_stay(path: Path, settings: Settings) -> str:
    real = path.resolve()
    if any((parent / ".git").exists() for parent in {*path.absolute().parents, *real.parents}):
        return "in a git work tree"
    if path == settings.path or path.parent == themes_folder():
        return ""
    if real.is_relative_to(settings.recordings.resolve()):
        return "among the recordings"
    if path.parent.name == FOLDER:
        return "behind a link" if _leaves(path) else ""
    if path.name == COMMON:
        return ""
    return "" if _is_profile(path) else "no profile"


def _is_profile(path: Path) -> bool:
    try:
        document, _ = read_document(read_bounded(path), str(path))
    except OSError:
        return False
    return document is not None and isinstance(document.data, dict) and document.data.keys() >= _PROFILE_KEYS
