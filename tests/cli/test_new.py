"""`spiritstream new`: a valid, commented profile with sealed keys, from options or from answers."""

from __future__ import annotations

import os
import pty
import re
import select
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import spiritstream as package
from spiritstream.config import seal as sealing
from spiritstream.config.identity import load_identity, save_identity
from spiritstream.config.keypair import Identity, Recipient
from spiritstream.config.load import load_profile
from spiritstream.config.opener import identity_opener
from spiritstream.config.seal import seal
from spiritstream.errors import ExitCode
from spiritstream.model.profile import FilesInput, Profile, PullInput, RtmpInput, Size, TestInput
from spiritstream.secret import Secret
from tests.cli.calling import Called, Spiritstream, spiritstream

__all__ = ["spiritstream"]

KEYS = ("canary-7f3a-one", "canary-7f3a-two", "canary-7f3a-three")
OWN = """\
name: House
sources: [{source: us, as_of: "2026-11"}]
protocols: [rtmp]
key_placement: append
doubts: [{kind: unresponsive, as_of: "2026-11", reason: "It is\\ngroups: closed."}]
servers: [{name: Main, url: "rtmp://ingest.house.example/live"}]
"""
_PATIENCE_S = 40.0
_AGAIN_S = 10
_PRESSES = 20


@pytest.fixture(autouse=True)
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An environment of the test's own, with an identity in its place; the working folder is empty."""
    for name in ("SPIRITSTREAM_IDENTITY", "SPIRITSTREAM_RECIPIENT", "CREDENTIALS_DIRECTORY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    (tmp_path / "shows").mkdir()
    monkeypatch.chdir(tmp_path / "shows")
    folder = tmp_path / "config" / "spiritstream"
    save_identity(Identity.create(), folder / "identity")
    return folder


def loaded(path: Path, **variables: str) -> Profile:
    """The profile that was written, its keys opened."""
    return load_profile(path, identity_opener(None, os.environ), variables)


def keys_of(profile: Profile) -> dict[str, Secret]:
    """The keys by their targets' names."""
    targets = {target.name: target for _, target in profile.on_air()}
    return {name: one.address.key for name, one in targets.items() if one.address and one.address.key}


def tells_nothing(called: Called) -> bool:
    """Whether a call kept the keys to itself, and left none of them on disk."""
    texts = [called.out, called.err, *(path.read_text() for path in Path().rglob("*") if path.is_file())]
    return not any(key in text for key in KEYS for text in texts)


def lines(*keys: str) -> bytes:
    """Keys as they are piped in."""
    return "".join(f"{key}\n" for key in keys).encode()


def test_from_options(spiritstream: Spiritstream) -> None:
    """A script gets a valid profile, its keys sealed for their platforms, without a question."""
    called = spiritstream(
        *"new show.yaml --input rtmp --platform twitch --platform YouTube=backup --keys stdin".split(),
        stdin=lines(*KEYS[:2]),
    )
    assert (0, "show.yaml: written; it is valid, its keys are sealed\n") == called[:2]
    assert tells_nothing(called)
    show = loaded(Path("show.yaml"))
    assert {"twitch": Secret(KEYS[0]), "youtube": Secret(KEYS[1])} == keys_of(show)
    assert isinstance(show.input, RtmpInput)
    assert ("show", "127.0.0.1:1935", None) == (show.name, show.input.listen, show.input.key)
    (_, youtube) = show.on_air()
    assert youtube[1].address and youtube[1].address.url.startswith("rtmps://b.rtmps.youtube.com")
    assert [True] == [group.passthrough for group in show.groups]
    assert (0, "ok: 1 profile checked, nothing is wrong\n", "") == spiritstream("validate", "show.yaml")


def test_its_comments_teach(spiritstream: Spiritstream) -> None:
    """The text names its schema, its commands, and where keys are found; others may read it."""
    umask = os.umask(0o022)
    try:
        spiritstream(*"new show.yaml --input test --platform twitch --keys env".split())
    finally:
        os.umask(umask)
    text = Path("show.yaml").read_text()
    schema = spiritstream("schema", "--path").out.strip()
    assert text.startswith(f"# yaml-language-server: $schema={schema}\n")
    for part in ("spiritstream explain ", "spiritstream validate show.yaml", "https://dashboard.twitch.tv/"):
        assert part in text
    assert max(map(len, text.splitlines())) <= 110
    assert 0o644 == stat.S_IMODE(Path("show.yaml").stat().st_mode)


@pytest.mark.parametrize("file", ["2026.yaml", "true.yaml", "1e3.yaml", "0x1f.yaml"])
def test_names_that_look_like_something_else(spiritstream: Spiritstream, config: Path, file: str) -> None:
    """A show and a platform whose names YAML takes for a number or a truth value."""
    (config / "platforms").mkdir()
    name = file.removesuffix(".yaml").replace("1e3", "123")
    (config / "platforms" / f"{name}.yaml").write_text(OWN)
    called = spiritstream("new", file, "--input", "test", "--platform", name, "--keys", "env")
    assert 0 == called.code, called.err
    variable = f"{'' if name == 'true' else '_'}{name.upper()}_KEY"
    show = loaded(Path(file), **{variable: "canary"})
    assert (Path(file).stem, {name}) == (show.name, set(keys_of(show)))


def test_a_file_whose_name_a_shell_takes_apart(spiritstream: Spiritstream) -> None:
    """What is to be typed next is quoted."""
    called = spiritstream(*"new --name a --input test --keys env --platform twitch".split(), "my show.yaml")
    assert "next: spiritstream run 'my show.yaml' --watch\n" == called.err


def test_variables_instead_of_keys(spiritstream: Spiritstream, config: Path) -> None:
    """With --keys env nothing is sealed, and no identity is needed."""
    (config / "identity").unlink()
    command = (
        "new show.yaml --input rtmp --listen 0.0.0.0:1935 --platform twitch --platform twitch --keys env"
    )
    called = spiritstream(*command.split())
    assert (0, "show.yaml: written; it is valid\n") == called[:2]
    names = ("TWITCH_KEY", "TWITCH_2_KEY", "INGEST_KEY")
    show = loaded(Path("show.yaml"), **{name: name.lower() for name in names})
    assert {"twitch": Secret("twitch_key"), "twitch-2": Secret("twitch_2_key")} == keys_of(show)
    assert isinstance(show.input, RtmpInput)
    assert Secret("ingest_key") == show.input.key


@pytest.mark.parametrize("given", [KEYS[2], ""], ids=["chosen", "made"])
def test_publishers_from_elsewhere_need_a_key(spiritstream: Spiritstream, given: str) -> None:
    """It is the last line of stdin; an empty one has a key made, which is shown once, and not on stdout."""
    called = spiritstream(
        *"new show.yaml --input rtmp --listen 0.0.0.0:1935 --platform twitch --keys stdin".split(),
        stdin=lines(KEYS[0], given),
    )
    assert 0 == called.code
    assert tells_nothing(called)
    show = loaded(Path("show.yaml"))
    assert isinstance(show.input, RtmpInput)
    made = re.search(r"stream key, shown only now: ([\w-]{32})\n", called.err)
    assert bool(made) == (not given)
    assert Secret(made[1] if made else given) == show.input.key
    assert not made or made[1] not in called.out + Path("show.yaml").read_text()


def test_inputs(spiritstream: Spiritstream) -> None:
    """Each kind of input; without a platform, a recording is what the show is for."""
    spiritstream(*"new a.yaml --input pull --url srt://studio.example:9000".split())
    spiritstream("new", "sub/b.yaml", "--input", "files", "--media", 'it is "it".mp4', "--media", "/m/b.mp4")
    spiritstream(*"new --name c --input test".split())
    a, b, c = (loaded(Path(name)) for name in ("a.yaml", "sub/b.yaml", "c.yaml"))
    assert isinstance(a.input, PullInput) and "srt://studio.example:9000" == a.input.address.url
    assert isinstance(b.input, FilesInput) and isinstance(c.input, TestInput)
    assert (str(Path('it is "it".mp4').absolute()), "/m/b.mp4") == b.input.paths
    assert [["tape"]] * 3 == [[target.name for _, target in show.on_air()] for show in (a, b, c)]


def test_qualities(spiritstream: Spiritstream) -> None:
    """Platforms of one quality share an encoding that suits them all; the limits of the registry bound it."""
    command = (
        "new show.yaml --input test --platform twitch --platform youtube --platform mixcloud "
        "--quality 1080p60 --quality youtube=source --quality mixcloud=720p30 --keys env"
    )
    assert ExitCode.USAGE == spiritstream(*command.split()).code  # Mixcloud is not offered 1080p60
    command = command.replace("--quality 1080p60", "--quality twitch=1080p60")
    assert 0 == spiritstream(*command.split()).code
    variables = {f"{name}_KEY": "x" for name in ("TWITCH", "YOUTUBE", "MIXCLOUD")}
    show = loaded(Path("show.yaml"), **variables)
    found = {
        group.name: (group.video and (group.video.size, group.video.bitrate_bps)) for group in show.groups
    }
    assert {
        "source": None,
        "1080p60": (Size(1920, 1080), 6_000_000),
        "720p30": (Size(1280, 720), 3_000_000),
    } == found
    assert "# Twitch takes no more" in Path("show.yaml").read_text()


def test_an_own_platform(spiritstream: Spiritstream, config: Path) -> None:
    """Its key is sealed for its host; what its file says cannot become more than a comment."""
    (config / "platforms").mkdir()
    (config / "platforms" / "house.yaml").write_text(OWN)
    called = spiritstream(
        *"new show.yaml --input test --platform house --keys stdin".split(), stdin=lines(KEYS[0])
    )
    assert 0 == called.code
    assert "warning: show.yaml:" in called.err
    text = Path("show.yaml").read_text()
    assert ":ingest.house.example:" in text
    assert "# House may not work: It is groups: closed." in text


def test_an_address_of_ones_own(spiritstream: Spiritstream) -> None:
    """Where only the listed address is doubted, who gives the platform's own is not warned of it."""
    doubt = "may not work"
    for file, server, warned in (("a.yaml", "", True), ("b.yaml", "=rtmps://push.example/game", False)):
        said = spiritstream("new", file, "--input", "test", "--platform", f"tiktok{server}", "--keys", "env")
        assert 0 == said.code, said.err
        assert warned is (doubt in said.err)
        assert warned is (doubt in Path(file).read_text())


def test_never_over_another(spiritstream: Spiritstream) -> None:
    """A file, or a link to nowhere, is left as it is; exit 8."""
    Path("show.yaml").write_text("mine")
    Path("link.yaml").symlink_to("nowhere")
    for name in ("show.yaml", "link.yaml"):
        called = spiritstream("new", name, "--input", "test")
        assert (ExitCode.GUARDED, "") == called[:2]
        assert f"{name} exists already" in called.err
    assert "mine" == Path("show.yaml").read_text()
    assert not Path("nowhere").exists()


WRONG = {
    "no name": ("", 2, "neither a file nor a name"),
    "bad name": ("--name Show --input test", 2, "a name has 1 to 63 characters"),
    "no input": ("show.yaml", 2, "--input is missing"),
    "no URL": ("show.yaml --input pull", 2, "--url is missing"),
    "no file": ("show.yaml --input files", 2, "--media is missing"),
    "URL elsewhere": ("show.yaml --input test --url srt://h:1", 2, "--url belongs to --input pull"),
    "secret in URL": (
        "show.yaml --input pull --url srt://h:1?passphrase=canary-7f3a-one",
        2,
        "puts a secret",
    ),
    "login in URL": ("show.yaml --input pull --url rtsp://me:canary-7f3a-one@h/", 2, "a user or password"),
    "listen": ("show.yaml --input rtmp --listen nowhere", 2, "where it publishes to: "),
    "platform": ("show.yaml --input test --platform twich", 4, "did you mean twitch?"),
    "server": ("show.yaml --input test --platform twitch=Frankfurt", 4, "did you mean"),
    "pasted key": ("show.yaml --input test --platform canary-7f3a-one", 4, "no platform"),
    "no server": ("show.yaml --input test --platform linkedin", 4, "no server of its own"),
    "quality": ("show.yaml --input test --platform twitch --quality 8k", 2, "source, 1080p60"),
    "whose quality": (
        "show.yaml --input test --platform twitch --quality kick=source",
        2,
        "a platform that is not there",
    ),
    "nobody to ask": ("show.yaml --input test --platform twitch", 2, "--keys stdin, or --keys env"),
    "no line": ("show.yaml --input test --platform twitch --keys stdin", 2, "the stream key of twitch"),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_calls(spiritstream: Spiritstream, case: str) -> None:
    """What is missing or cannot be used is named, no secret is repeated, and nothing is written."""
    arguments, code, expected = WRONG[case]
    called = spiritstream("new", *arguments.split())
    assert (code, "") == called[:2]
    assert expected in called.err
    assert "hint:" in called.err
    assert not any(key in called.err for key in KEYS)
    assert [] == list(Path().iterdir())


@pytest.mark.parametrize("key", ["", " canary-7f3a-one", "canary-7f3a-one\tx", "x" * 4097, "x" * 9000])
def test_a_key_that_can_be_none(spiritstream: Spiritstream, key: str) -> None:
    """It is refused without being shown, and nothing is written."""
    called = spiritstream(
        *"new show.yaml --input test --platform twitch --keys stdin".split(), stdin=lines(key)
    )
    assert (ExitCode.USAGE, "") == called[:2]
    assert "the stream key of twitch" in called.err
    assert (len(key) > 5000) == ("on standard input is too long" in called.err)
    assert tells_nothing(called)
    assert [] == list(Path().iterdir())


def test_what_does_not_prove_to_open_is_not_written(
    spiritstream: Spiritstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever went wrong in sealing, no profile is written whose keys are not those that were given."""

    def other(recipient: Recipient, destination: str, field: str, secret: Secret) -> str:
        return seal(recipient, destination, field, Secret("another"))

    monkeypatch.setattr(sealing, "seal", other)
    called = spiritstream(
        *"new show.yaml --input test --platform twitch --keys stdin".split(), stdin=lines(KEYS[0])
    )
    assert (ExitCode.UNEXPECTED, "") == called[:2]
    assert "did not prove to open; nothing was written" in called.err
    assert [] == list(Path().iterdir())


def test_without_an_identity(spiritstream: Spiritstream, config: Path) -> None:
    """A script is told how to make one; exit 5. A recipient is enough."""
    identity = load_identity(config / "identity")
    (config / "identity").unlink()
    command = "new show.yaml --input test --platform twitch --keys stdin"
    called = spiritstream(*command.split(), stdin=lines(KEYS[0]))
    assert (ExitCode.KEY, "") == called[:2]
    assert "spiritstream keys init" in called.err
    assert [] == list(Path().iterdir())
    called = spiritstream(*command.split(), "--recipient", identity.recipient, stdin=lines(KEYS[0]))
    assert 0 == called.code
    save_identity(identity, config / "identity")
    assert {"twitch": Secret(KEYS[0])} == keys_of(loaded(Path("show.yaml")))


def test_the_repositorys_recipient(spiritstream: Spiritstream) -> None:
    """A .spiritstream.yaml beside the file names whom to seal for, and that it is another one is said."""
    server = Identity.create()
    Path(".spiritstream.yaml").write_text(f"version: 1\nrecipient: {server.recipient}\n")
    command = "new show.yaml --input test --platform twitch --keys stdin"
    called = spiritstream(*command.split(), stdin=lines(KEYS[0]))
    assert 0 == called.code
    assert f"sealed:v1:{server.fingerprint}:twitch:" in Path("show.yaml").read_text()
    assert "names the recipient" in called.err


class Person:
    """A person at a terminal, who answers what is asked."""

    def __init__(self) -> None:
        self.shown = ""
        self._read = 0
        self._terminal, theirs = pty.openpty()
        # The terminal becomes the program's own, as a shell's does: ctrl-C comes from it.
        start = "import fcntl, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0)\n"
        start += "from spiritstream.cli.main import main; main()"
        self._process = subprocess.Popen(
            [sys.executable, "-c", start, "new"],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
            env={**os.environ, "PYTHONPATH": str(Path(package.__file__).parents[1])},
        )
        os.close(theirs)

    def reads(self, text: str) -> None:
        """Wait until this stands on the screen, after what was read before."""
        while text not in self.shown[self._read :]:
            assert self._more(), self.shown
        self._read = self.shown.index(text, self._read) + len(text)

    def _more(self) -> bool:
        """Whether more came before the program ended."""
        assert select.select([self._terminal], [], [], _PATIENCE_S)[0], self.shown
        try:
            data = os.read(self._terminal, 4096)
        except OSError:  # Linux says so when the other end is closed
            return False
        self.shown += data.decode()
        return bool(data)

    def types(self, text: str) -> None:
        """Type, without a return at the end."""
        os.write(self._terminal, text.encode())

    def answers(self, *answers: tuple[str, str]) -> None:
        """To each question, when it comes."""
        for question, answer in answers:
            self.reads(question)
            self.types(f"{answer}\n")

    def leaves(self) -> int:
        """Read to the end; the exit code."""
        while self._more():
            pass
        return self._process.wait(_PATIENCE_S)

    def interrupts(self) -> int:
        """Press ctrl-C, and again when nothing comes of it: Python loses one that comes just before it reads.

        The exit code.
        """
        os.write(self._terminal, b"\x03")
        for _ in range(_PRESSES):
            if not select.select([self._terminal], [], [], _AGAIN_S)[0]:
                os.write(self._terminal, b"\x03")
            elif not self._more():
                break
        return self._process.wait(_PATIENCE_S)

    def close(self) -> None:
        """End what still runs."""
        self._process.kill()
        self._process.wait()
        os.close(self._terminal)


@pytest.fixture
def person() -> Iterator[Person]:
    """A person who has just typed `spiritstream new`."""
    somebody = Person()
    yield somebody
    somebody.close()


def test_asked(config: Path, person: Person) -> None:
    """Questions with hints; a wrong answer is asked again, and no key is ever seen."""
    person.answers(("the show's name [my-show]: ", "Friday Show"))
    person.reads("lower-case letters")
    person.answers(("the show's name [my-show]: ", "friday"), ("input [rtmp]: ", "rtpm"))
    person.reads("one of rtmp, pull, files, test")
    person.answers(
        ("input [rtmp]: ", ""),
        ("[127.0.0.1:1935]: ", "0.0.0.0:1935"),
        ("platform (empty: a recording only)", "twich"),
    )
    person.reads("did you mean twitch?")
    person.answers(
        ("platform (empty: a recording only)", ""),
        ("the publisher's stream key (not shown; you choose it; empty: one is made): ", KEYS[2]),
    )
    assert 0 == person.leaves()
    assert not any(key in person.shown for key in KEYS)
    show = loaded(Path("friday.yaml"))
    assert isinstance(show.input, RtmpInput)
    assert Secret(KEYS[2]) == show.input.key


def test_asked_without_an_identity(config: Path, person: Person) -> None:
    """An identity is offered where there is none; servers are listed; an empty key is asked for again."""
    (config / "identity").unlink()
    person.answers(
        ("the show's name", ""),
        ("input [rtmp]: ", "test"),
        ("platform (empty", "twitch"),
        ("server (empty", "?"),
    )
    person.reads("EU: Frankfurt, DE")
    person.answers(("server (empty", "EU: Frankfurt, DE"), ("platform (empty", ""))
    person.reads("720p30   1280x720, 30 fps, 3000 kbit/s")
    person.answers(
        ("quality [source]: ", "720p30"), ("Make one?", "y"), ("the stream key of twitch (not shown): ", "")
    )
    person.reads("it is empty")
    person.answers(("the stream key of twitch (not shown): ", KEYS[0]))
    assert 0 == person.leaves()
    assert not any(key in person.shown for key in KEYS)
    show = loaded(Path("my-show.yaml"))
    assert {"twitch": Secret(KEYS[0])} == keys_of(show)
    assert [["720p30"], ["rtmp://live-fra.twitch.tv/app"]] == [
        [group.name for group in show.groups],
        [target.address.url for _, target in show.on_air() if target.address],
    ]


def test_ctrl_c_leaves_nothing(config: Path, person: Person) -> None:
    """Also in the middle of a key: no file, no trace of what was typed, exit 130."""
    person.answers(
        ("the show's name", ""),
        ("input [rtmp]: ", "test"),
        ("platform (empty", "youtube"),
        ("server (empty", ""),
        ("platform (empty", ""),
        ("quality [source]: ", ""),
    )
    person.reads("the stream key of youtube (not shown): ")
    person.types(KEYS[0])
    assert 130 == person.interrupts()
    assert KEYS[0] not in person.shown
    assert [] == list(Path().iterdir())
