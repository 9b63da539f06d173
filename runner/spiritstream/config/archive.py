"""Files in one archive: a gzipped tar that is the same bytes for the same files. Pure."""

from __future__ import annotations

import gzip
import io
import tarfile
from collections.abc import Mapping


def pack(files: Mapping[str, bytes]) -> bytes:
    """A tar.gz of files by their names, for their owner's eyes only when it is unpacked."""
    packed = io.BytesIO()
    with (
        gzip.GzipFile(fileobj=packed, mode="wb", mtime=0, filename="") as zipped,
        tarfile.open(fileobj=zipped, mode="w", format=tarfile.PAX_FORMAT) as tar,
    ):
        for name in sorted(files):
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(files[name]), 0o600
            tar.addfile(member, io.BytesIO(files[name]))
    return packed.getvalue()
