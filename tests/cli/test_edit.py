"""`spiritstream edit`: the editor alone sees clear text, which is gone whatever happens; and `show`."""

from __future__ import annotations

import contextlib
import os
import pty
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import spiritstream as package
from spiritstream.cli.editor import editor_words
from spiritstream.config import scratch
from spiritstream.config.identity import save_identity
from spiritstream.config.keypair import Identity
from spiritstream.config.keyring import Keyring
from spiritstream.config.load import load_profile
from spiritstream.config.seal import seal
from spiritstream.errors import UsageError
from spiritstream.secret import Secret
from tests.cli.calling import Called, Spiritstream, spiritstream

__all__ = ["spiritstream"]

RUNNER = Path(package.__file__).parents[1]
ME = Identity.create()
CANARY = "canary-7f3a-key"
NEW = "new-canary-9c1e"
_PATIENCE_S = 20.0


@pytest.fixture(autouse=True)
def runtime(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An environment of the test's own, with an identity and a runtime folder that is empty afterwards."""
    for name in ("SPIRITSTREAM_IDENTITY", "SPIRITSTREAM_PASSPHRASE_FILE", "CREDENTIALS_DIRECTORY", "VISUAL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    save_identity(ME, tmp_path / "config" / "spiritstream" / "identity")
    folder = tmp_path / "runtime"
    folder.mkdir()
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(folder))
    monkeypatch.setattr(scratch, "in_memory", lambda path: path == folder)
    yield folder
    assert [] == list(folder.iterdir())


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A sealed profile, alone in its folder."""
    path = tmp_path / "shows" / "show.yaml"
    path.parent.mkdir()
    path.write_text(profile(seal(ME.recipient, "youtube", "key", Secret(CANARY))))
    return path


def profile(key: str) -> str:
    """A profile with two keys, one of which is never changed."""
    return (
        "version: 1\nname: show\ninput: {test: {}}\ngroups:\n  source:\n    targets:\n"
        f"      youtube: {{platform: youtube, key: '{key}'}}   # mine\n"
        f"      kick: {{platform: kick, key: {seal(ME.recipient, 'kick', 'key', Secret('kick-key'))}}}\n"
    )


@pytest.fixture
def editor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The editor: a script, whose text each test writes by `edits`."""
    path = tmp_path / "editor"
    monkeypatch.setenv("EDITOR", f"'{path}'")
    return path


def edits(editor: Path, script: str) -> None:
    """What the editor does; `$1` is the file."""
    editor.write_text(f"#!/bin/sh\n{script}\n")
    editor.chmod(0o755)


REPLACE = f'sed -i s/{CANARY}/{NEW}/ "$1"'


def keys(file: Path) -> tuple[Secret, ...]:
    """The keys of a profile."""
    return load_profile(file, Keyring(ME).open, {}).secrets()


def alone(file: Path) -> bool:
    """Whether nothing stands beside a file."""
    return [file] == list(file.parent.iterdir())


def tells_nothing(called: Called) -> bool:
    """Whether a call kept the keys to itself."""
    return not any(key in called.out + called.err for key in (CANARY, NEW))


def test_a_changed_key(spiritstream: Spiritstream, file: Path, editor: Path) -> None:
    """The editor sees the keys; the one that was changed is sealed anew, and no other line is another."""
    before = file.read_text().splitlines()
    edits(editor, f'grep -q "key: \\"{CANARY}\\"" "$1" || exit 9; {REPLACE}')
    called = spiritstream("edit", file)
    assert (0, f"{file}: changed; its keys are sealed\n", "") == called
    after = file.read_text().splitlines()
    assert [6] == [at for at in range(len(after)) if after[at] != before[at]]
    assert (Secret(NEW), Secret("kick-key")) == keys(file)
    assert NEW not in file.read_text()
    assert alone(file)


@pytest.mark.parametrize("script", [":", 'touch "$1"', 'cp "$1" "$1.2"; mv "$1.2" "$1"'])
def test_nothing_changed(spiritstream: Spiritstream, file: Path, editor: Path, script: str) -> None:
    """The file is not even touched when nothing was edited."""
    edits(editor, script)
    before = file.read_bytes(), file.stat().st_mtime_ns, file.stat().st_ino
    assert (0, f"{file}: not changed\n", "") == spiritstream("edit", file)
    assert before == (file.read_bytes(), file.stat().st_mtime_ns, file.stat().st_ino)


def test_the_folder(spiritstream: Spiritstream, file: Path, editor: Path, tmp_path: Path) -> None:
    """The clear text is 0600 in a folder of 0700 in memory; what the editor puts beside it goes with it."""
    edits(
        editor,
        f'stat -c "%a %n" "$1" "$(dirname "$1")" > "{tmp_path}/seen"; echo "$TMPDIR" >> "{tmp_path}/seen"\n'
        'cp "$1" "$1~"; cp "$1" "$(dirname "$1")/.show.yaml.swp"; cp "$1" "$TMPDIR/x"; ' + REPLACE,
    )
    called = spiritstream("edit", file)
    assert 0 == called.code
    modes = (tmp_path / "seen").read_text().splitlines()
    folder = modes[2]
    assert [f"600 {folder}/show.yaml", f"700 {folder}", folder] == modes
    assert Path(folder).parent == tmp_path / "runtime"
    assert alone(file)


FAILURES = {
    "fails": ("exit 3", 1, "ended with status 3"),
    "fails after writing": (f"{REPLACE}; exit 1", 1, "ended with status 1"),
    "killed": ("kill -9 $$", 1, "ended by SIGKILL"),
    "removes it": ('rm "$1"', 1, "left no file"),
    "links it": ('ln -sf /etc/hostname "$1"', 1, "left no file"),
    "pipe": ('rm "$1"; mkfifo "$1"', 4, "is empty"),
    "breaks the YAML": ('echo "x: [" >> "$1"', 4, "show.yaml:"),
    "breaks the profile": ('echo "grups: {}" >> "$1"', 4, "did you mean 'groups'?"),
    "breaks a key": (f"sed -i 's/{CANARY}/ {NEW}/' \"$1\"", 4, "white space"),
    "too large": ('head -c 2000000 /dev/zero | tr "\\0" "#" >> "$1"', 4, "larger than 1 MiB"),
    "not UTF-8": ('printf "\\377" >> "$1"', 4, "not UTF-8"),
}


@pytest.mark.parametrize(("script", "code", "said"), FAILURES.values(), ids=FAILURES)
def test_failures(
    spiritstream: Spiritstream, file: Path, editor: Path, script: str, code: int, said: str
) -> None:
    """Whatever the editor does or leaves, the original is untouched, and no key is shown or left."""
    edits(editor, script)
    before = file.read_bytes()
    called = spiritstream("edit", file)
    assert (code, "", before) == (*called[:2], file.read_bytes())
    assert said in called.err
    assert tells_nothing(called)
    assert alone(file)


@pytest.mark.parametrize(
    "change", ['echo "# theirs" >> {}', "rm {}", "chmod 400 {}; echo '# theirs' | tee -a {} >/dev/null"]
)
def test_changed_meanwhile(spiritstream: Spiritstream, file: Path, editor: Path, change: str) -> None:
    """Somebody else's edit is not overwritten; ours is kept beside it, with its keys sealed; exit 75."""
    edits(editor, f"{REPLACE}; {change.format(file, file)}")
    called = spiritstream("edit", file)
    assert (75, "") == called[:2]
    (kept,) = (path for path in file.parent.iterdir() if path != file)
    assert str(kept) in called.err
    assert kept.name.endswith(".edited")
    assert (Secret(NEW), Secret("kick-key")) == keys(kept)
    assert not any(key in path.read_text() for path in file.parent.iterdir() for key in (CANARY, NEW))
    assert tells_nothing(called)


def test_where_there_is_no_memory(
    spiritstream: Spiritstream, file: Path, editor: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """On a disk, that is said; the folder goes all the same."""
    monkeypatch.setattr(scratch, "in_memory", lambda path: False)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "runtime"))
    edits(editor, REPLACE)
    called = spiritstream("edit", file)
    assert (0, True) == (
        called.code,
        f"the clear text is in {tmp_path}/runtime/spiritstream-edit-" in called.err,
    )


@pytest.mark.parametrize("what", ["editor", "identity", "file", "value"])
def test_what_is_missing(
    spiritstream: Spiritstream,
    file: Path,
    editor: Path,
    monkeypatch: pytest.MonkeyPatch,
    what: str,
    tmp_path: Path,
) -> None:
    """No editor, identity or file, or a value of another identity's: nothing is opened, and it says why."""
    edits(editor, "exit 9")
    code = {"editor": 2, "identity": 5, "file": 2, "value": 5}[what]
    if what == "editor":
        monkeypatch.setenv("EDITOR", "/nowhere/editor")
    elif what == "identity":
        (tmp_path / "config" / "spiritstream" / "identity").unlink()
    elif what == "file":
        file.unlink()
    else:
        file.write_text(profile(seal(Identity.create().recipient, "youtube", "key", Secret(CANARY))))
    called = spiritstream("edit", file)
    assert (code, "") == called[:2]
    assert "hint:" in called.err


def test_editor_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """$VISUAL before $EDITOR, words as a shell has them; a vim is told to keep nothing elsewhere."""
    for name in ("vim", "vim.basic", "nano", "an editor"):
        (tmp_path / name).write_text("#!/bin/sh\n")
        (tmp_path / name).chmod(0o755)
    (tmp_path / "vi").symlink_to("vim.basic")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert ["nano"] == editor_words({"VISUAL": "nano", "EDITOR": "vim"})
    assert ["an editor", "--wait"] == editor_words({"VISUAL": "", "EDITOR": "'an editor' --wait"})
    for vim in ({"EDITOR": "vim"}, {}):
        words = editor_words(vim)
        assert (["vi", "vim"][bool(vim)], "-n") == (Path(words[0]).name, words[1])
        assert "set nobackup nowritebackup noundofile" == words[-1]
    for bad in ("'", "gone", " "):
        with pytest.raises(UsageError):
            editor_words({"EDITOR": bad})


PROGRAM = (
    "import sys; from pathlib import Path; from spiritstream.config import scratch;"
    "runtime = Path(sys.argv.pop()); scratch.in_memory = lambda path: path == runtime;"
    "from spiritstream.cli.main import main; main()"
)


def started(file: Path, runtime: Path, terminal: int | None = None) -> subprocess.Popen[bytes]:
    """`spiritstream edit` in a process of its own."""
    environment = {**os.environ, "PYTHONPATH": str(RUNNER)}
    command = [sys.executable, "-c", PROGRAM, "edit", str(file), str(runtime)]
    stream = subprocess.PIPE if terminal is None else terminal
    return subprocess.Popen(
        command,
        env=environment,
        stdin=subprocess.DEVNULL if terminal is None else terminal,
        stdout=stream,
        stderr=stream,
        start_new_session=True,
    )


def appeared(path: Path, process: subprocess.Popen[bytes]) -> None:
    """Wait until a file is there."""
    end = time.monotonic() + _PATIENCE_S
    while not path.exists():
        assert process.poll() is None, "it ended"
        assert time.monotonic() < end, f"{path} never came"
        time.sleep(0.01)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT])
@pytest.mark.usefixtures("no_process_left")
def test_signals(file: Path, editor: Path, runtime: Path, tmp_path: Path, number: signal.Signals) -> None:
    """A signal ends the editor and us, and nothing is left of the clear text; the original is untouched."""
    ready = tmp_path / "ready"
    edits(editor, f'{REPLACE}; cp "$1" "$1~"; touch {ready}; exec sleep 60')
    before = file.read_bytes()
    with started(file, runtime) as process:
        appeared(ready, process)
        assert 1 == len(list(runtime.iterdir()))
        process.send_signal(number)
        out, err = process.communicate(timeout=_PATIENCE_S)
    assert 128 + number == process.returncode
    assert (b"", f"spiritstream: ended by {number.name}; nothing was changed\n".encode()) == (out, err)
    assert before == file.read_bytes()
    assert [] == list(runtime.iterdir())


def test_what_sigkill_leaves_goes_with_the_next_edit(
    spiritstream: Spiritstream, file: Path, editor: Path, runtime: Path, tmp_path: Path
) -> None:
    """SIGKILL leaves no time to clear away: the next run does it."""
    ready, go = tmp_path / "ready", tmp_path / "go"
    edits(editor, f"touch {ready}; while [ ! -e {go} ]; do sleep 0.02; done")
    with started(file, runtime) as process:
        appeared(ready, process)
        process.kill()
    assert 1 == len(list(runtime.iterdir()))
    go.touch()
    edits(editor, ":")
    assert 0 == spiritstream("edit", file).code
    assert [] == list(runtime.iterdir())


def interrupt(process: subprocess.Popen[bytes]) -> None:
    """Ctrl-C until it is heard: Python loses one that comes between its prompt and its wait for an answer."""
    for _ in range(int(_PATIENCE_S)):
        process.send_signal(signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(1.0)
            break


@pytest.mark.parametrize(("answer", "code"), [("y", 0), ("n", 4), ("\x03", 130)])
def test_at_a_terminal_it_is_offered_again(
    file: Path, editor: Path, runtime: Path, tmp_path: Path, answer: str, code: int
) -> None:
    """An edit that is no profile is shown with what is wrong; the person goes on with it, or gives up."""
    once = tmp_path / "once"
    edits(
        editor,
        f'if [ -e {once} ]; then sed -i "/grups/d" "$1"; {REPLACE}; '
        f'else touch {once}; echo "grups: {{}}" >> "$1"; fi',
    )
    before = file.read_bytes()
    ours, theirs = pty.openpty()
    shown = b""
    with started(file, runtime, theirs) as process:
        while b"[Y/n]: " not in shown:
            assert select.select([ours], [], [], _PATIENCE_S)[0], shown
            shown += os.read(ours, 1000)
        if answer == "\x03":
            interrupt(process)
        else:
            os.write(ours, f"{answer}\n".encode())
        assert code == process.wait(_PATIENCE_S)
    os.close(ours)
    os.close(theirs)
    assert b"did you mean 'groups'?" in shown
    assert CANARY.encode() not in shown
    if code:
        assert before == file.read_bytes()
    else:
        assert (Secret(NEW), Secret("kick-key")) == keys(file)


def test_show(spiritstream: Spiritstream, file: Path) -> None:
    """The profile is printed with marks, and needs no identity; a broken one says where."""
    called = spiritstream("show", file)
    assert (0, "") == (called.code, called.err)
    assert "key: 'sealed(youtube, " in called.out
    assert "sealed:v1" not in called.out
    file.write_text(f"key: {CANARY}\nkey: [")
    assert (4, "") == spiritstream("show", file)[:2]
    broken = spiritstream("show", "--textconv", file)
    assert (0, "") == (broken.code, broken.err)
    assert broken.out.startswith("# line 2, column ")
    assert tells_nothing(broken)
    assert (4, "") == spiritstream("show", file.with_name("missing.yaml"))[:2]
