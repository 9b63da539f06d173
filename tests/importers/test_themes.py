"""SpiritStream's themes become ours, or are refused by name; nothing of them can leave its place."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from spiritstream.config.themefolder import checker, read_theme
from spiritstream.errors import ExitCode
from spiritstream.importers import theme as importer
from spiritstream.importers.recognise import Kind, recognise
from spiritstream.importers.theme import is_skipped, plain_json
from spiritstream.importers.values import UnreadableError
from tests.cli.calling import Spiritstream, spiritstream
from tests.importers.making import CANARY, VECTORS

__all__ = ["spiritstream"]

FILE = VECTORS / "spiritstream" / "themes" / "night.jsonc"
NIGHT: dict[str, Any] = recognise(FILE.read_bytes(), "f").data


@pytest.fixture(autouse=True)
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The config folder."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return tmp_path / "config" / "spiritstream"


def write(folder: Path, file: str = "a.json", **changes: Any) -> Path:
    """A theme's file with changes; `None` leaves a field out."""
    data = {key: value for key, value in {**NIGHT, **changes}.items() if value is not None}
    folder.mkdir(exist_ok=True)
    (folder / file).write_text(json.dumps(data))
    return folder / file


def tokens(**changes: Any) -> dict[str, Any]:
    """The tokens with changes; underscores stand for dashes, `None` leaves one out."""
    found = {**NIGHT["tokens"], **{f"--{key.replace('_', '-')}": value for key, value in changes.items()}}
    return {key: value for key, value in found.items() if value is not None}


def test_comments_and_commas() -> None:
    """A byte order mark, comments and trailing commas go; strings, and the lines' numbers, stay."""
    assert "Night // not a comment, ☾" == NIGHT["name"]
    text = '{"a": "/* ,] \\" // */", // x\n /* y\n , */ "b": [1,2,],}'
    assert {"a": '/* ,] " // */', "b": [1, 2]} == json.loads(plain_json(text))
    assert text.count("\n") == plain_json(text).count("\n")


def test_it_is_ours(spiritstream: Spiritstream, config: Path) -> None:
    """It goes to the config folder, with every token as it was, and is there for `themes`."""
    called = spiritstream("import", FILE)
    path = config / "themes" / "night.yaml"
    assert 0 == called.code, called.err
    assert f"{path}: made of {FILE} (SpiritStream theme)\n" == called.out
    found = read_theme(path, path.read_bytes()).theme
    assert found is not None
    assert NIGHT["tokens"].items() <= found.tokens.items()
    assert NIGHT["tokens"]["--border-muted"] == found.tokens["--border-subtle"]
    assert (NIGHT["name"], "dark") == (found.name, found.mode)
    assert spiritstream("themes").out.startswith("night  dark  Night // not a comment, ☾  ")


def test_it_never_replaces(spiritstream: Spiritstream, config: Path) -> None:
    """A theme that is there stays as it is; exit 8."""
    (config / "themes").mkdir(parents=True)
    (config / "themes" / "night.yaml").write_text("mine")
    called = spiritstream("import", FILE)
    assert (ExitCode.GUARDED, "") == called[:2]
    assert "mine" == (config / "themes" / "night.yaml").read_text()


def test_another_folder(spiritstream: Spiritstream, config: Path, tmp_path: Path) -> None:
    """With --output-dir it goes to that folder's `themes`, and it is said where it would count."""
    called = spiritstream("import", FILE, "--output-dir", tmp_path / "out")
    assert (tmp_path / "out" / "themes" / "night.yaml").is_file()
    assert f"when it is moved to {config / 'themes' / 'night.yaml'}" in called.out


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"id": "../x"}, "id: expected"),
        ({"id": "Night"}, "id: expected"),
        ({"id": "n" * 65}, "id: expected"),
        ({"id": None}, "id: it is missing"),
        ({"name": "a\nb"}, "name: expected a name"),
        ({"name": "\ud800"}, "name: expected a name"),
        ({"name": " "}, "name: expected a name"),
        ({"mode": "blue"}, "mode: expected light or dark"),
        ({"mode": None}, "mode: it is missing"),
        ({"tokens": {}}, "tokens: missing: --primary, "),
        ({"tokens": [CANARY]}, "tokens: an object is expected"),
        ({"tokens": tokens(bg_base=None, ring_width=None)}, "tokens: missing: --bg-base, --ring-width"),
        ({"tokens": tokens(primary=f"{CANARY};")}, "tokens.--primary: expected a CSS value"),
        ({"tokens": tokens(primary="</style><script>")}, "tokens.--primary: expected a CSS value"),
        ({"tokens": tokens(primary="REPLACE_ME")}, "tokens.--primary: expected a CSS value"),
        ({"tokens": tokens(primary=" ")}, "tokens.--primary: "),
        ({"tokens": tokens(primary=7)}, "tokens.--primary: a text is expected"),
        ({"tokens": tokens(primary="\u2028")}, "tokens.--primary: "),
        ({"tokens": {**tokens(), "--x: y; CANARY": "red"}}, "the name of a token"),
        ({"tokens": {**tokens(), "\x1b[31mCANARY": "red"}}, "the name of a token"),
        ({"tokens": dict.fromkeys((f"--{n}" for n in range(9)), "a;b")}, "; and 5 more"),
    ],
)
def test_refused(
    changes: dict[str, Any], said: str, spiritstream: Spiritstream, config: Path, tmp_path: Path
) -> None:
    """What is missing or could leave its declaration is named, and not repeated; nothing is written."""
    called = spiritstream("import", write(tmp_path / "in", **changes))
    assert (ExitCode.INVALID, "") == called[:2]
    assert said in called.err
    assert CANARY not in called.err
    assert "\x1b" not in called.err
    assert not config.exists()


def test_a_missing_token_with_a_fallback(spiritstream: Spiritstream, config: Path, tmp_path: Path) -> None:
    """`--border-subtle` may be missing, and may be there."""
    assert 0 == spiritstream("import", write(tmp_path / "in", id="a")).code
    given = write(tmp_path / "in", id="b", tokens=tokens(border_subtle="#fed"))
    assert 0 == spiritstream("import", given).code
    assert "--border-subtle             #fed" in spiritstream("themes", "b").out


def test_a_folder_of_themes(spiritstream: Spiritstream, config: Path, tmp_path: Path) -> None:
    """Templates and deprecated ones are skipped; a bad one, and a second of an id, is said and left alone."""
    folder = tmp_path / "themes"
    write(folder, "a.jsonc", id="one")
    write(folder, "a.json", id="one", name="second")
    write(folder, "b.json", id="two", tokens={"--primary": "CANARY;"})
    write(folder, "theme-template.jsonc", id="template")
    write(folder, "old.deprecated.json", id="old")
    (folder / "c.json").write_text("{ CANARY")
    called = spiritstream("import", folder)
    assert 0 == called.code, called.err
    assert ["one.yaml"] == [path.name for path in (config / "themes").iterdir()]
    assert NIGHT["name"] in (config / "themes" / "one.yaml").read_text()
    assert 3 == called.out.count("left alone")
    assert CANARY not in called.out
    assert ["theme-template.jsonc"] == [
        name for name in ("theme-template.jsonc", "x.jsonc") if is_skipped(name)
    ]


def test_damaged_json() -> None:
    """What breaks off is said with its line, as in any JSON."""
    data = FILE.read_bytes()
    assert Kind.THEME is recognise(data, "f").kind
    with pytest.raises(UnreadableError, match=r"^f:\d+:\d+: the JSON breaks off"):
        recognise(data[:-20], "f")
    with pytest.raises(UnreadableError, match="twice"):
        recognise(b'{"tokens": {}, "tokens": {}} // x', "f")


def test_what_is_written_is_read_by_anybody() -> None:
    """The text is plain YAML: keys and values in quotes, whatever they hold."""
    text = importer.read_theme({**NIGHT, "name": 'yes: #" ☾ 🌙'}, "f", checker()).text
    found = read_theme(Path("night.yaml"), text.encode()).theme
    assert found is not None
    assert 'yes: #" ☾ 🌙' == found.name
