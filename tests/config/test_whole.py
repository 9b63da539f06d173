"""Relative paths written whole: the profile means in another folder what it meant in its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from spiritstream.config.load import check_text, load_profile
from spiritstream.config.whole import whole_paths
from spiritstream.errors import ProfileError

HEAD = "version: 1\nname: show\n"
TEST = HEAD + "input: {test: {}}\n"
TARGET = TEST + "groups:\n  g:\n    targets:\n      t: "
TLS = "tls: {certificate: %s, private_key: %s}"
RTMP = 'input: {rtmp: {listen: "0.0.0.0:1935", app: live, key: {file: %s}, ' + TLS + "}}"
# With `@` for the profile's folder.
CASES = [
    pytest.param(
        HEAD + 'input: {files: [a.mp4, "sub/b c.mp4", /c.mp4]}\n',
        HEAD + 'input: {files: ["@/a.mp4", "@/sub/b c.mp4", /c.mp4]}\n',
        id="files",
    ),
    pytest.param(
        HEAD + "input: {files: {paths: ['../a.mp4'], loop: false}}   # mine\n",
        HEAD + "input: {files: {paths: ['@/../a.mp4'], loop: false}}   # mine\n",
        id="playlist, above",
    ),
    pytest.param(TARGET + '{record: "rec/%Y.mkv"}\n', TARGET + '{record: "@/rec/%Y.mkv"}\n', id="record"),
    pytest.param(
        TARGET + '{record: {path: "%Y-%m-%d_%H-%M-%S.mkv", segment: 1h}}\n',
        TARGET + '{record: {path: "@/%Y-%m-%d_%H-%M-%S.mkv", segment: 1h}}\n',
        id="record in parts",
    ),
    pytest.param(
        TARGET + '{url: "rtmp://a.example/x", key: {file: keys/t}}\n',
        TARGET + '{url: "rtmp://a.example/x", key: {file: "@/keys/t"}}\n',
        id="a secret's file",
    ),
    pytest.param(
        HEAD + 'input: {pull: {url: "srt://a.example:9", passphrase: {file: ./p}}}\n',
        HEAD + 'input: {pull: {url: "srt://a.example:9", passphrase: {file: "@/p"}}}\n',
        id="a pull's",
    ),
    pytest.param(
        HEAD + RTMP % ("k", "c.pem", "../k.pem") + "\n",
        HEAD + RTMP % ('"@/k"', '"@/c.pem"', '"@/../k.pem"') + "\n",
        id="ingest: key, certificate, private key",
    ),
]


@pytest.mark.parametrize(("text", "expected"), CASES)
def test_whole(tmp_path: Path, text: str, expected: str) -> None:
    """Each relative path becomes whole, and nothing else of the text changes."""
    home = tmp_path / "home"
    assert [] == check_text(text, str(home / "show.yaml"))
    expected = expected.replace("@/..", str(tmp_path)).replace("@", str(home))
    assert expected == whole_paths(text.encode(), "show.yaml", home).decode()


@pytest.mark.parametrize(("text", "expected"), CASES)
def test_means_the_same(tmp_path: Path, text: str, expected: str) -> None:
    """Opened in another folder, the profile is the very same."""
    home, other = tmp_path / "home", tmp_path / "other"
    for path in ("keys/t", "p", "k"):
        (home / path).parent.mkdir(parents=True, exist_ok=True)
        (home / path).write_text("a-secret-of-the-test\n")
    other.mkdir()
    (home / "show.yaml").write_text(text)
    (other / "show.yaml").write_bytes(whole_paths(text.encode(), "show.yaml", home))
    assert load_profile(home / "show.yaml", None, {}) == load_profile(other / "show.yaml", None, {})


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(TEST, id="no path at all"),
        pytest.param(TARGET + "{record: /srv/rec/%Y.mkv}", id="whole already"),
        pytest.param(HEAD + "input: {files: [/a.mp4]}\r\n", id="its own line ends"),
    ],
)
def test_nothing_to_do(text: str) -> None:
    """What is whole stays as it is, byte by byte."""
    assert text.encode() == whole_paths(text.encode(), "show.yaml", Path("/home"))


def test_not_writable() -> None:
    """A path that cannot be written here is a finding, with its place and what to do."""
    with pytest.raises(ProfileError) as caught:
        whole_paths((TARGET + "{record: ä.mkv}").encode(), "show.yaml", Path("/home"))
    (finding,) = caught.value.findings
    assert ("show.yaml", 7, "write the whole path, from / on") == (finding.file, finding.line, finding.hint)
