"""What the command lines of all ffmpeg children share. Pure.

Media travels as FLV on stdin and stdout, progress on a descriptor of its own, and stderr names the moment
when a URL has been opened ("Input #0", "Output #0").
"""

from __future__ import annotations

from typing import Protocol

from spiritstream.ffmpeg.address import Argv

IO_TIMEOUT_US = 10_000_000

# A pipe and a connection cannot be gone back to, so there is no duration to fill in.
FLV: Argv = ("-flvflags", "no_duration_filesize", "-f", "flv")
FLV_IN: Argv = ("-protocol_whitelist", "pipe", "-f", "flv", "-i", "pipe:0")
FLV_OUT: Argv = ("-flush_packets", "1", *FLV, "pipe:1")


class Tool(Protocol):
    """The ffmpeg that is called."""

    @property
    def path(self) -> object:
        """Where it is."""

    @property
    def version(self) -> tuple[int, ...]:
        """Its version, as far as its text tells."""

    @property
    def ca_file(self) -> str | None:
        """The certificates to trust, if not the system's."""


def common_argv(ffmpeg: Tool, progress_fd: int) -> Argv:
    """How every child's command line begins."""
    quiet = ("-hide_banner", "-nostdin", "-nostats", "-loglevel", "level+info")
    return (str(ffmpeg.path), *quiet, "-progress", f"pipe:{progress_fd}", "-stats_period", "0.5")


def tls_options(ffmpeg: Tool) -> Argv:
    """The server must prove its name: 5.1 does not ask for that by itself.

    GnuTLS, which Debian's ffmpeg has, does not read SSL_CERT_FILE: hence the option.
    """
    return ("-tls_verify", "1", *(("-ca_file", ffmpeg.ca_file) if ffmpeg.ca_file else ()))


def genpts(wanted: bool) -> Argv:
    """Fill in presentation times that are missing."""
    return ("-fflags", "+genpts") if wanted else ()
