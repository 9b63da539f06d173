"""Take secrets out of a running child's argv (Linux).

ffmpeg takes a URL from argv only, and argv is readable by every local user. Once ffmpeg has opened the
URL it works on its own copy, so the parent may overwrite the text in the child's memory. Done
earlier, ffmpeg would connect with the mask. argv's bounds are fields 48 and 49 of /proc/PID/stat
(proc(5): arg_start, arg_end).
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from spiritstream.secret import Secret

_ARG_START, _ARG_END = 48 - 3, 49 - 3  # counted from the field after the command's name


def mask_argv(pid: int, secrets: Iterable[Secret]) -> bool:
    """Overwrite every spelling of every secret in the argv of process `pid` with asterisks.

    Returns whether none is readable there any more: False where the system does not allow it
    (not Linux, or a container without the right to write to its own children).
    """
    forms = sorted({form.encode() for secret in secrets for form in secret.forms()}, key=len, reverse=True)
    if not forms:
        return True
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        start, end = int(fields[_ARG_START]), int(fields[_ARG_END])
        with Path(f"/proc/{pid}/mem").open("r+b", buffering=0) as memory:
            memory.seek(start)
            text = memory.read(end - start)
            masked = text
            for form in forms:
                masked = masked.replace(form, b"*" * len(form))
            if masked != text:
                memory.seek(start)
                memory.write(masked)
    except (OSError, ValueError, IndexError):
        return False
    return True
