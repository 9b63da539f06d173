"""The runner: one process for one profile; it owns its children."""
