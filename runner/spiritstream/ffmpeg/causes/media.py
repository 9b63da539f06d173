"""HTTP and RTSP answers, files, media, and the general words that remain. Pure."""

from __future__ import annotations

from spiritstream.ffmpeg.causes.rule import Rule, rule

MEDIA: tuple[Rule, ...] = (
    rule(
        "auth",
        r"40[13] (?:Unauthorized|Forbidden)|40[13] \((?:Unauthorized|Forbidden)\)|HTTP error 40[13]",
        "{Peer} wants a user name and password, or does not accept them.",
        "Check `username` in the profile and seal the password again; some links expire: fetch a new one.",
        person=True,
    ),
    rule(
        "server-error",
        r"Server returned (?:5XX|429)|HTTP error (?:5\d\d|429)|failed: 5\d\d ",
        "{Peer} has trouble of its own.",
        "Wait; if it stays, ask whoever runs it.",
    ),
    rule(
        "not-found",
        r"404 \(?Not Found|Server returned 4|HTTP error 4\d\d|Error when loading first segment",
        "{Peer} has nothing at that address at present.",
        "Check that the stream is on, and the URL's path.",
    ),
    rule(
        "permission",
        r"not on whitelist|Unsafe file name",
        "The input leads to an address or a file that it may not read.",
        "Name the file or URL itself in the profile, inside a folder that the settings allow.",
        person=True,
    ),
    rule(
        "permission",
        r"Permission denied",
        "The file or device may not be opened by the user that this runs as.",
        "Give that user the right to it (`ls -l`, `chmod`, `chown`), or choose another place.",
        person=True,
    ),
    rule(
        "not-found",
        r"No such file or directory",
        "The folder of the recording does not exist.",
        "Make the folder, or correct the `record` path.",
        "record",
        person=True,
    ),
    rule(
        "not-found",
        r"Impossible to open '([^'\n]*)'|^(/[^\n]*): No such file or directory"
        r"|No such file or directory(?:\nError opening input file ([^\n]*)\.$)?",
        "A file of the input does not exist: {what}",
        "Correct the path, or put the file there.",
        person=True,
    ),
    rule(
        "bad-option",
        r"Is a directory",
        "The path is a folder, not a file.",
        "Name the file in the profile.",
        person=True,
    ),
    rule(
        "reader-gone",
        r"Broken pipe",
        "The runner stopped reading from this child.",
        "Nothing to do: it is started again when it is wanted.",
        "input",
        "encoder",
    ),
    rule(
        "bad-media",
        r"moov atom not found",
        "The file is no film, or is not complete.",
        "Copy the file again; a recording that was cut off can often be saved with `untrunc` or VLC.",
    ),
    rule(
        "bad-media",
        r"could not find codec parameters",
        "Neither picture nor sound was found in what came in.",
        "Check that the source sends video and audio; after a source's restart this passes.",
    ),
    rule(
        "reset",
        r"Connection reset|Broken pipe|Stream ends prematurely|End of file|Connection aborted|not connected"
        r"|av_interleaved_write_frame\(\): Input/output|Error muxing a packet",
        "{Peer} closed the connection.",
        "Nothing to do if it is rare. If it happens each time at once, check the key and the platform's "
        "limits (bitrate, codecs, one stream per key).",
    ),
    rule(
        "bad-media",
        r"Invalid data found",
        "What came in is not media that ffmpeg understands.",
        "Check the file or the URL by playing it with VLC or ffplay.",
    ),
    rule(
        "encoder-failed",
        r"Error while opening encoder|Could not open encoder",
        "The encoder does not work with these settings.",
        "Try `encoder: auto` and fewer settings; `spiritstream encoders` shows which work here.",
    ),
)
