"""What holds for the project as a whole: the package, its size, its imports, its commands."""

from __future__ import annotations

import ast
import importlib
import json
import pkgutil
import subprocess
import sys
import tarfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest

import spiritstream
from spiritstream.cli.main import cli
from tests.conftest import skip_is_failure

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "runner" / "spiritstream"
SOURCES = sorted(PACKAGE.rglob("*.py"))
LONGEST_MODULE = 350

# Where clear text leaves a Secret. A new place needs a reason, and its line here.
REVEALS: dict[str, int] = {
    "config/editing.py": 1,
    "config/identityfile.py": 1,
    "config/passphrase.py": 1,
    "config/seal.py": 1,
    "ffmpeg/address.py": 1,
    "ffmpeg/child.py": 1,
    "importers/giving.py": 1,
    "importers/mgs.py": 1,
    "rtmp/client.py": 1,
    "run/ingest/link.py": 1,
    "run/servers/fetching.py": 1,
    "wire.py": 1,
}

# What `spiritstream --help` must not wait for.
SLOW = {"asyncio", "cryptography", "jsonschema", "rich", "watchfiles", "yaml"}


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with spiritstream installed from a wheel, which was built from the source distribution."""
    folder = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "hatchling", "build", "-t", "sdist", "-d", folder, cwd=ROOT)
    (archive,) = folder.glob("*.tar.gz")
    with tarfile.open(archive) as tar:
        tar.extractall(folder, filter="data")
    (source,) = folder.glob("*/pyproject.toml")
    offline = ("--no-deps", "--no-index", "--no-build-isolation", "--quiet", "--target", folder / "installed")
    run(sys.executable, "-m", "pip", "install", *offline, source.parent, cwd=folder)
    return folder / "installed"


def run(*command: str | Path, cwd: Path, pythonpath: Path | None = None) -> str:
    """The output of a command that must succeed; nothing that it inherits points into this checkout."""
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(cwd)}
    if pythonpath:
        environment["PYTHONPATH"] = str(pythonpath)
    done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=60)
    assert 0 == done.returncode, done.stderr
    return done.stdout


def test_wheel_carries_its_data(installed: Path, tmp_path: Path) -> None:
    """An installed spiritstream finds all schemas and platforms inside itself."""
    code = (
        "import json, spiritstream; from spiritstream.config.data import data_folder;"
        "from spiritstream.config.platforms import find_platform; find_platform('youtube').server_url();"
        "print(json.dumps([spiritstream.__file__, *(str(data_folder(n)) for n in ('schemas', 'platforms'))]))"
    )
    module, schemas, platforms = json.loads(
        run(sys.executable, "-c", code, cwd=tmp_path, pythonpath=installed)
    )
    assert str(installed / "spiritstream" / "__init__.py") == module
    for found, name in ((schemas, "schemas"), (platforms, "platforms")):
        assert Path(found).is_relative_to(installed)
        assert names(ROOT / name) == names(Path(found))
    assert (installed / "spiritstream" / "py.typed").exists()


def names(folder: Path) -> list[str]:
    """The files of a folder."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_installed_command_runs(installed: Path, tmp_path: Path) -> None:
    """The installed package runs as a program, and knows its version."""
    said = run(sys.executable, "-m", "spiritstream", "--version", cwd=tmp_path, pythonpath=installed)
    assert spiritstream.__version__ in said


def modules() -> list[str]:
    """Every module of the package."""
    found = pkgutil.walk_packages([str(PACKAGE)], "spiritstream.")
    return ["spiritstream", *(module.name for module in found if not module.name.endswith("__main__"))]


@pytest.mark.parametrize("name", modules())
def test_every_module_is_importable(name: str) -> None:
    """A module imports by itself, and says what it is."""
    assert importlib.import_module(name).__doc__


def test_folders_are_packages() -> None:
    """Each folder with modules has an __init__, without which the wheel and the import contracts miss it."""
    assert [] == [str(path.parent) for path in SOURCES if not (path.parent / "__init__.py").exists()]


def test_modules_are_small() -> None:
    """No module is longer than a person reads at once."""
    long = {str(path.relative_to(ROOT)): n for path in SOURCES if (n := lines(path)) > LONGEST_MODULE}
    assert {} == long


def lines(path: Path) -> int:
    """How many lines a file has."""
    return path.read_text().count("\n")


def reveals() -> Iterator[str]:
    """The module of each place that calls `.reveal(`, or takes the method without calling it."""
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Attribute) and node.attr == "reveal":
                yield str(path.relative_to(PACKAGE))


def test_secrets_are_revealed_in_few_places() -> None:
    """`.reveal` stands exactly where it is listed above, so that a new place is seen and discussed."""
    assert REVEALS == dict(Counter(reveals()))


def test_help_is_light() -> None:
    """`spiritstream --help` loads none of the slow libraries."""
    code = (
        "import atexit, json, sys; sys.argv = ['spiritstream', '--help'];"
        "atexit.register(lambda: print(json.dumps(sorted(sys.modules)), file=sys.stderr));"
        "from spiritstream.cli.main import main; main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, cwd=ROOT / "runner"
    )
    assert 0 == done.returncode
    assert "Usage: spiritstream" in done.stdout
    assert set() == SLOW & set(json.loads(done.stderr))


def commands(command: click.Command, path: tuple[str, ...] = ()) -> Iterator[tuple[str, click.Command]]:
    """Every command of the command line, with its words."""
    yield " ".join(("spiritstream", *path)), command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            assert below, f"{name} is listed, but is no command"
            yield from commands(below, (*path, name))


def test_every_command_has_help() -> None:
    """Each command says what it does, and each option what it is for."""
    found = list(commands(cli))
    assert [] == [words for words, command in found if not command.help]
    options = [(words, option) for words, command in found for option in command.params]
    unexplained = [
        f"{words} {option.name}"
        for words, option in options
        if isinstance(option, click.Option) and not (option.help or option.hidden)
    ]
    assert [] == unexplained


@pytest.mark.parametrize("when", ["setup", "call"])
def test_skips_fail_in_ci(when: str) -> None:
    """In CI a skipped test is a failed one that tells why; an expected failure is not."""
    skipped = report("skipped", when, longrepr=("file.py", 3, "Skipped: no nginx"))
    skip_is_failure(skipped)
    assert "failed" == skipped.outcome
    assert "no nginx" in str(skipped.longrepr)
    passed = report("passed", when)
    skip_is_failure(passed)
    assert "passed" == passed.outcome
    expected = report("skipped", when, wasxfail="reason")
    skip_is_failure(expected)
    assert "skipped" == expected.outcome


def report(outcome: str, when: str, **extra: Any) -> pytest.TestReport:
    """What pytest hands to its hooks."""
    made: Any = {"outcome": outcome, "when": when, "longrepr": None, **extra}
    return pytest.TestReport(nodeid="file.py::test", location=("file.py", 3, "test"), keywords={}, **made)
