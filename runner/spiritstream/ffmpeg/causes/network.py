"""Names, connections, TLS, SRT, and what RTMP servers answer. Pure."""

from __future__ import annotations

from spiritstream.ffmpeg.causes.rule import Rule, rule

NETWORK: tuple[Rule, ...] = (
    rule(
        "port-taken",
        r"Address already in use",
        "Another program holds the port that this listens on.",
        "Find it with `ss -lntup` and end it, or choose another port.",
    ),
    rule(
        "unreachable",
        r"Temporary failure in name resolution|Failed to resolve hostname [^\n]*(?:Try again|timed out)",
        "Host names cannot be looked up at present.",
        "Check this machine's internet connection and DNS; it goes on by itself when they are back.",
    ),
    rule(
        "unknown-host",
        r"Failed to resolve hostname ([^\s:]+)",
        "There is no host named {what}.",
        "Correct the host name if you wrote it; else look at this machine's network and name server.",
        person=True,
    ),
    rule(
        "refused",
        r"Connection refused",
        "{Peer} is there, but nothing listens at that port.",
        "Check that it runs and that the URL's port is right; a firewall may refuse too.",
    ),
    rule(
        "unreachable",
        r"Network is (?:unreachable|down)|No route to host|Host is (?:unreachable|down)",
        "There is no way from here to {peer}.",
        "Check this machine's network, VPN and IPv6; it goes on by itself when the way is back.",
    ),
    rule(
        "timeout",
        r"Connection to tcp://\S+ failed: \w+ timed out",
        "{Peer} does not answer a connection.",
        "Check host and port in the URL, and that no firewall drops the connection.",
    ),
    rule(
        "tls",
        r"certificate verif|failed verification|certificate has expired|self.signed certificate"
        r"|local issuer certificate|hostname mismatch|certificate is not|not match hostname",
        "{Peer}'s TLS certificate was not accepted.",
        "Check the URL's host name and this machine's clock; install ca-certificates here, or a valid "
        "certificate there.",
        person=True,
    ),
    rule(
        "tls",
        r"Cannot open connection tls://|unexpected TLS packet|wrong version number"
        r"|SSL routines|handshake fail",
        "{Peer} did not complete the TLS handshake.",
        "Check that the port speaks TLS (443 for most platforms); without TLS the URL begins with rtmp://.",
    ),
    rule(
        "auth",
        r"Incorrect passphrase|ERROR:BADSECRET",
        "{Peer} has another SRT passphrase.",
        "Seal the passphrase again, exactly as the other side has it.",
        person=True,
    ),
    rule(
        "auth",
        r"Password required or unexpected|ERROR:UNSECURE",
        "Only one of the two sides has an SRT passphrase.",
        "Give the same `passphrase` to both sides, or to neither.",
        person=True,
    ),
    rule(
        "key-rejected",
        r"REJECT reported|/SRT[^\n]*reject",
        "{Peer} refused the SRT connection.",
        "Check the stream id (`key`) in the profile against what {peer} expects.",
        person=True,
    ),
    rule(
        "timeout",
        r"Connection to srt://[^\n]* failed",
        "Nobody answers at the SRT address.",
        "Check host and port, that the other side listens, and that firewalls let UDP through.",
    ),
    rule(
        "auth",
        r"^\[rtmps?\] (?:Incorrect username/password|No credentials set"
        r"|Authentication failed|Unknown auth error)",
        "{Peer} did not accept the user name and password.",
        "Check `username` in the profile and seal the password again.",
        person=True,
    ),
    rule(
        "already-publishing",
        r"Server error: ([^\n]*(?:already|in use|stream[^\n]*busy|BadName)[^\n]*)",
        "{Peer} says that somebody already publishes with this key: {what}",
        "End the other program that sends with this key; if there is none, {peer} lets go of it soon.",
    ),
    rule(
        "not-found",
        r"Server error: ([^\n]*\b(?:no such app|invalid app|unknown app"
        r"|app(?:lication)?\b[^\n]*(?:not found|not exist|unknown|invalid))[^\n]*)",
        "{Peer} has no such application: {what}",
        "Correct the path in the URL, the part after the host.",
        person=True,
    ),
    rule(
        "server-error",
        r"Server error: ([^\n]*(?:shut|restart|overload|busy|capacity|try again|unavailable|mainten"
        r"|internal|too many)[^\n]*)",
        "{Peer} cannot take the stream at present: {what}",
        "Wait; if it stays, look at the platform's status page.",
    ),
    rule(
        "not-found",
        r"Server error: ([^\n]*(?:not found|no such stream)[^\n]*)",
        "{Peer} has no such stream at present: {what}",
        "Check that the stream is being published, and its name in the URL.",
        "input",
    ),
    rule(
        "key-rejected",
        r"Server error: ([^\n]*)",
        "{Peer} refused the stream: {what}",
        "Copy the stream key from the platform again and seal it; check that the broadcast is set up there.",
        person=True,
    ),
    rule(
        "timeout",
        r"timed out",
        "{Peer} stopped answering.",
        "Check the network; if it happens again and again, lower the bitrate or ask the other side.",
    ),
    rule(
        "reset",
        r"RTMP handshake",
        "{Peer} closed the connection before it began.",
        "Check that host and port are those of an RTMP server.",
    ),
    rule(
        "key-rejected",
        r"Unknown connect error|^rtmps?:[^\n]*: (?:Input/output error|Operation not permitted)$"
        r"|Error opening output rtmps?:[^\n]*: (?:Input/output error|Operation not permitted)",
        "{Peer} hung up when the stream was announced: most refuse a wrong key or path that way.",
        "Copy the stream key and the server URL from the platform again, and seal the key.",
        "sender",
        person=True,
    ),
    rule(
        "not-found",
        r"^rtmps?:[^\n]*: Input/output error$|Input/output error\nError opening input file rtmps?:",
        "The source is there, but gave no stream.",
        "Check that the stream is being published, and its name in the URL.",
        "input",
    ),
    rule(
        "timeout",
        r"^(?:rtsps?|udp|rtp):[^\n]*: (?:Invalid data|Input/output)"
        r"|(?:Invalid data[^\n]*|Input/output error)\nError opening input file (?:rtsps?|udp|rtp):",
        "Nothing that can be played comes from the source.",
        "Check that it is on, its address and port, and that firewalls let it through.",
    ),
)
