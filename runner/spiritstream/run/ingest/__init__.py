"""RTMP that is published to us: a small listener in front of each address, and the runners behind it."""
