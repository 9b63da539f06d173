"""RTMP without sockets: bytes in, messages and events out, and back. Pure."""
