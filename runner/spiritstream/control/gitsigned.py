"""Whether a commit was signed by a key that is allowed to."""

from __future__ import annotations

import shutil
from pathlib import Path

from spiritstream.control.gitprogram import GitError, git


class UnsignedError(Exception):
    """A commit that no allowed key signed, or keys that cannot be read; the text says which."""


async def check_signed(repository: Path, commit: str, signers: Path) -> None:
    """Pass when a key among `signers` signed the commit (git-verify-commit(1)), or raise UnsignedError.

    `signers` is a file of allowed ssh keys (ssh-keygen(1), "ALLOWED SIGNERS") or a folder that is a
    GnuPG home, whose keys are all allowed. git chooses the program by the signature it finds,
    so the other kinds' programs are made to refuse: a key in the user's own keyring allows nothing.
    """
    settings: tuple[str, ...]
    extra: dict[str, str] = {}
    if signers.is_dir():
        program, settings, extra = "gpg", _GPG, {"GNUPGHOME": str(signers.absolute())}
    elif signers.is_file():
        program, settings = "ssh-keygen", (*_SSH, _allowed(signers))
    else:
        raise UnsignedError(
            f"the allowed signers, {signers}, are neither a file of ssh keys nor a GnuPG home"
        )
    if shutil.which(program) is None:
        raise UnsignedError(f"{program} is missing, which checks who signed a commit: install it")
    try:
        await git("verify-commit", "--", commit, at=repository, settings=settings, extra=extra)
    except GitError:
        raise UnsignedError(
            f"commit {commit[:12]} is not signed by a key that is allowed in {signers}"
        ) from None


_SSH = (
    "gpg.format=ssh",
    "gpg.ssh.program=ssh-keygen",
    "gpg.program=false",
    "gpg.openpgp.program=false",
    "gpg.x509.program=false",
    # An unknown ssh key makes a good signature of nobody: that is not enough.
    "gpg.minTrustLevel=fully",
)
_GPG = (
    "gpg.format=openpgp",
    "gpg.program=gpg",
    "gpg.openpgp.program=gpg",
    "gpg.ssh.program=false",
    "gpg.x509.program=false",
    "gpg.minTrustLevel=undefined",
)


def _allowed(signers: Path) -> str:
    return f"gpg.ssh.allowedSignersFile={signers.absolute()}"
