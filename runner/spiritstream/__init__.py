"""A declarative restream runner: profiles in YAML, reconciled onto ffmpeg processes."""

__version__ = "0.1.0"
