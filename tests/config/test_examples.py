"""The example profiles are good ones."""

from pathlib import Path

import pytest

from spiritstream.config.load import check_file, load_profile
from spiritstream.model.profile import FilesInput, PullInput, RtmpInput, Sender

FOLDER = Path(__file__).parents[2] / "examples"
EXAMPLES = sorted(FOLDER.glob("*.yaml"))
ENVIRON = {
    name: name.lower()
    for name in (
        *("YOUTUBE_KEY", "TWITCH_KEY", "KICK_KEY", "INGEST_KEY"),
        *("CAMERA_PASSWORD", "RELAY_STREAM_ID", "RELAY_PASSPHRASE", "SRT_PASSPHRASE"),
    )
}


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_example(path: Path) -> None:
    """Each example has nothing wrong with it, loads, and is named as its file."""
    assert [] == check_file(path).findings
    assert path.stem == load_profile(path, None, ENVIRON).name


def test_shown() -> None:
    """Together they show a passthrough of two platforms, an encoding, and a playlist that is recorded."""
    passed, mixed, rerun = (
        load_profile(FOLDER / f"{name}.yaml", None, ENVIRON)
        for name in ("two-platforms", "mobile-and-source", "playlist")
    )
    assert [True] == [group.passthrough for group in passed.groups]
    assert ["youtube", "twitch"] == [target.platform for _, target in passed.on_air()]
    assert [None, 6_000_000] == [group.video and group.video.bitrate_bps for group in mixed.groups]
    assert isinstance(mixed.input, PullInput)
    assert isinstance(rerun.input, FilesInput)
    assert str(FOLDER / "media/opening.mp4") == rerun.input.paths[0]
    assert [None, 3600.0] == [target.record and target.record.segment_s for _, target in rerun.on_air()]


def test_slate() -> None:
    """The playlist ends in a slate and begins again."""
    rerun = load_profile(FOLDER / "playlist.yaml", None, ENVIRON)
    assert isinstance(rerun.input, FilesInput)
    assert (True, "slate.mp4") == (rerun.input.loop, Path(rerun.input.paths[-1]).name)


def test_pushed() -> None:
    """Another shows OBS publishing with a key, passed through to three platforms by the runner itself."""
    pushed = load_profile(FOLDER / "obs-to-three.yaml", None, ENVIRON)
    assert isinstance(pushed.input, RtmpInput)
    assert ("0.0.0.0:1935", True) == (pushed.input.listen, bool(pushed.input.key))
    assert [True] == [group.passthrough for group in pushed.groups]
    sent = [(target.platform, target.sender) for _, target in pushed.on_air()]
    assert [(platform, Sender.NATIVE) for platform in ("youtube", "twitch", "kick")] == sent
