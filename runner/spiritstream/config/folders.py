"""Where this user's settings, profiles and recordings are when nothing else is said."""

from __future__ import annotations

from pathlib import Path

import platformdirs


def config_folder() -> Path:
    """The folder of the settings, and by default of the identity and the profiles."""
    return Path(platformdirs.user_config_dir("spiritstream", appauthor=False))


def settings_path() -> Path:
    """The settings' file, whether or not there is one."""
    return config_folder() / "settings.yaml"


def default_profiles() -> Path:
    """Where the profiles are."""
    return config_folder() / "profiles"


def default_recordings() -> Path:
    """Where profiles from git record."""
    return Path(platformdirs.user_data_dir("spiritstream", appauthor=False)) / "recordings"
