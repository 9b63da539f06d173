"""Themes: which files are valid, and that no value can leave its declaration."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from spiritstream.config.data import data_folder
from spiritstream.config.schema import profile_validator
from spiritstream.config.themefolder import Themed, read_theme

SCHEMA: dict[str, Any] = json.loads((data_folder("schemas") / "theme.schema.json").read_text())
TOKENS = SCHEMA["properties"]["tokens"]
REQUIRED: list[str] = TOKENS["required"]
VALUE = re.compile(SCHEMA["definitions"]["value"]["pattern"])


def theme(**changes: Any) -> dict[str, Any]:
    """A valid theme's data, with changes."""
    tokens = dict.fromkeys(REQUIRED, "#123")
    return {"version": 1, "name": "Night", "mode": "dark", "tokens": tokens, **changes}


def read(data: dict[str, Any], name: str = "night.yaml") -> Themed:
    """What is made of the data's file."""
    return read_theme(Path(name), yaml.safe_dump(data, allow_unicode=True, sort_keys=False).encode())


def families() -> set[str]:
    """The tokens by the format's notes, family by family."""
    parts = {
        ("primary", "secondary", "accent"): "- -hover -active -subtle -subtle-hover -muted -foreground",
        ("bg",): "-base -surface -surface-secondary -elevated -muted -sunken -canvas -overlay -overlay-light "
        "-hover -active -selected -selected-hover",
        ("text",): "-primary -secondary -tertiary -muted -disabled -inverse -on-brand",
        ("border",): "-default -muted -strong -stronger -interactive -interactive-hover -disabled",
        ("ring",): "-default -offset -offset-width -width",
        ("shadow",): "-color -xs -sm -md -lg -xl -2xl -inner",
        ("success", "warning", "error", "info"): "- -hover -subtle -muted -foreground -text -border",
        tuple(f"status-{one}" for one in ("live", "connecting", "offline", "error")): "- -bg -text",
        ("gradient",): "-brand -brand-subtle -surface",
        ("scrollbar",): "-track -thumb -thumb-hover",
    }
    return {
        f"--{name}{end}".rstrip("-")
        for names, ends in parts.items()
        for name in names
        for end in ends.split()
    }


def test_the_needed_tokens_are_spiritstreams() -> None:
    """The 106 that SpiritStream requires, and one that has a fallback; each is described."""
    assert 106 == len(REQUIRED)
    assert families() == set(REQUIRED)
    assert {"--border-subtle"} == set(TOKENS["properties"]) - set(REQUIRED)
    assert all(one["description"].endswith(".") for one in TOKENS["properties"].values())


def test_a_valid_theme() -> None:
    """It is read with its id from the file's name; a token that is left out has its fallback."""
    tokens = {**dict.fromkeys(REQUIRED, "#123"), "--border-muted": "#456", "--font-sans": "'A B', serif"}
    found = read(theme(tokens=tokens)).theme
    assert found is not None
    assert ("night", "Night", "dark") == (found.id, found.name, found.mode)
    assert {**tokens, "--border-subtle": "#456"} == found.tokens


@pytest.mark.parametrize(
    "value",
    [
        "#A78BFA",
        "rgba(0, 0, 0, 0.7)",
        "270 50% 5%",
        "2px",
        "inset 0 2px 4px hsl(var(--shadow-color) / 0.4), 0 4px 6px rgb(0 0 0 / 20%)",
        "linear-gradient(135deg, #A78BFA 0%, hsl(calc(var(--h) * 2) 50% 5%) 50%, transparent 100%)",
        "color-mix(in oklch, var(--primary, #fff) 40%, black)",
        "'Comic Neue', \"Fira Code\", sans-serif",
        "calc((1px + 2px) * 3)",
        "cubic-bezier(0.4, 0, 0.2, 1)",
    ],
)
def test_values(value: str) -> None:
    """Colours, lengths, shadows, gradients, fonts: what themes are made of; editors see it alike."""
    data = theme(tokens={**theme()["tokens"], "--primary": value})
    assert read(data).theme
    assert [] == list(profile_validator(SCHEMA).iter_errors(data))


@pytest.mark.parametrize(
    "value",
    [
        *("", " ", "red; color: CANARY", "red}", "{", "</style>", "<script", "<!--", "-->", "@import 'x'"),
        *("url(CANARY)", "URL(x)", "u\\72l(x)", "image-set('x')", "src(x)", "element(#x)", "expression(1)"),
        *("attr(x)", "env(x)", "paint(x)", "my-rgb(1)", "xvar(--a)", "rgb(url(x))", "var(--a, url(x))"),
        *(
            "a/*b*/c",
            "*/",
            "/*",
            "rgb(",
            "rgb)",
            ")(",
            "'a",
            'a"',
            "'a;b'",
            "'</style>'",
            "a\nb",
            "a\n",
            "a\tb",
        ),
        *("a\u2028b", "é", "!important", "a:b", "REPLACE_ME", "x REPLACE_ME", "a" * 501),
        *("((((((1))))))", "&amp", "$x", "`", "a=b", "[x]"),
    ],
)
def test_values_that_could_leave(value: str) -> None:
    """Nothing that ends the declaration, comments it out, fetches or runs: refused, and not repeated."""
    found = read(theme(tokens={**theme()["tokens"], "--primary": value}))
    assert found.theme is None
    assert {"tokens.--primary"} == {one.path for one in found.findings if one.path}
    assert "CANARY" not in "".join(map(str, found.findings))
    assert list(profile_validator(SCHEMA).iter_errors(theme(tokens={**theme()["tokens"], "--x": value})))


@pytest.mark.parametrize(
    "value",
    ["rgb(" * 125, "(" * 500, "a" * 499 + ";", "rgba(1,1,1)" * 45 + ";", " (" * 249 + ";", "' '" * 166 + "'"],
)
def test_checking_takes_no_time(value: str) -> None:
    """No value within the allowed length makes the pattern search for long."""
    before = time.process_time()
    assert VALUE.search(value) is None
    assert time.process_time() - before < 2  # thousands of times what it takes; a bad pattern takes for ever


@pytest.mark.parametrize(
    ("changes", "name", "said"),
    [
        ({"mode": "blue"}, "night.yaml", "expected light or dark"),
        ({"name": " "}, "night.yaml", "a name of one line"),
        ({"name": "x" * 101}, "night.yaml", "longer than 100 characters"),
        ({"version": 2}, "night.yaml", "expected 1"),
        ({"tokens": {}}, "night.yaml", "missing: --primary, --primary-hover"),
        ({"tokens": []}, "night.yaml", "expected a mapping of CSS custom properties"),
        ({"extra": 1}, "night.yaml", "unknown key 'extra'"),
        ({}, "Night.yaml", "the file's name"),
        ({}, f"{'n' * 65}.yaml", "the file's name"),
        ({}, "a.b.yaml", "the file's name"),
    ],
)
def test_invalid(changes: dict[str, Any], name: str, said: str) -> None:
    """Everything that is wrong is said with its place."""
    found = read(theme(**changes), name)
    assert found.theme is None
    assert said in "\n".join(map(str, found.findings))


def test_what_is_missing_is_one_finding() -> None:
    """However many tokens are missing, they are named together, beside whatever else is wrong."""
    tokens = {**dict.fromkeys(REQUIRED[:90], "#123"), "--primary": "a;b", "primary": "#fff"}
    findings = read(theme(tokens=tokens)).findings
    (missing,) = [one for one in findings if "missing" in one.message]
    assert missing.message.startswith(f"missing: {', '.join(REQUIRED[90:98])} and 8 more")
    assert 3 == len(findings)


@pytest.mark.parametrize("data", [b"", b"[1]", b"x", b"\xff", b"a: [", b"a: \x00", b"tokens: &a {}\nb: *a\n"])
def test_no_theme_at_all(data: bytes) -> None:
    """What is no such file is a finding."""
    found = read_theme(Path("night.yaml"), data)
    assert found.theme is None
    assert found.findings
