"""What `Secret` shows of itself, and what `scrub` takes out of a text."""

from __future__ import annotations

import copy
import json
import pickle
import traceback

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spiritstream.secret import MASK, Secret, scrub

CANARY = "canary-7f3a"


@pytest.mark.parametrize(
    "shown",
    [
        repr(Secret(CANARY)),
        str(Secret(CANARY)),
        f"{Secret(CANARY)}",
        f"{Secret(CANARY):>20}",
        f"{Secret(CANARY)!r}",
        "{}".format(Secret(CANARY)),  # noqa: UP032 - this spelling is what is tested
        "%s" % Secret(CANARY),  # noqa: UP031 - this spelling is what is tested
        str([Secret(CANARY)]),
        str({"key": Secret(CANARY)}),
    ],
)
def test_is_masked_in_every_text(shown: str) -> None:
    """However a secret becomes part of a text, the text holds the mask and not the value."""
    assert MASK in shown
    assert CANARY not in shown


def test_reveals_its_value() -> None:
    """`.reveal()` gives the clear text as it was."""
    assert CANARY == Secret(CANARY).reveal()


def test_is_not_serialised() -> None:
    """A secret does not slip into JSON or a pickle."""
    with pytest.raises(TypeError):
        json.dumps(Secret(CANARY))
    with pytest.raises(TypeError) as caught:
        pickle.dumps(Secret(CANARY))
    assert CANARY not in "".join(traceback.format_exception(caught.value))


def test_copies_are_itself() -> None:
    """Copying a structure that holds a secret makes no second one."""
    secret = Secret(CANARY)
    assert secret is copy.copy(secret)
    assert secret is copy.deepcopy([secret])[0]


def test_has_no_room_for_more() -> None:
    """Nothing can be hung onto a secret by accident."""
    with pytest.raises(AttributeError):
        Secret(CANARY).other = 1  # type: ignore[attr-defined]


@given(st.text(), st.text())
def test_equals_by_value(a: str, b: str) -> None:
    """Two secrets are equal, and hash alike, when their values are, and never equal a string."""
    try:
        a.encode(), b.encode()
    except UnicodeEncodeError:
        return
    assert (a == b) == (Secret(a) == Secret(b))
    assert Secret(a) != a
    assert hash(Secret(a)) == hash(Secret(str(a)))


@pytest.mark.parametrize(("value", "expected"), [("", False), ("k", True)])
def test_is_true_when_it_holds_something(value: str, expected: bool) -> None:
    """An empty secret counts as none."""
    assert expected == bool(Secret(value))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("", ()),
        ("ab", ()),
        ("abc", ("abc",)),
        ("a/b c", ("a%2Fb%20c", "a/b%20c", "a/b c")),
    ],
)
def test_forms(value: str, expected: tuple[str, ...]) -> None:
    """A value has its own and its percent-encoded spellings, longest first; a short one has none."""
    assert expected == Secret(value).forms()


@pytest.mark.parametrize(
    ("text", "secrets", "expected"),
    [
        ("nothing to hide", ["key"], "nothing to hide"),
        ("rtmp://host/app/key9 and key9", ["key9"], "rtmp://host/app/*** and ***"),
        ("user:p%40ss@host, p@ss", ["p@ss"], "user:***@host, ***"),
        ("long-key and key", ["key", "long-key"], "*** and ***"),
        ("ab stays", ["ab"], "ab stays"),
        ("text", [], "text"),
        ("", ["key"], ""),
    ],
)
def test_scrub(text: str, secrets: list[str], expected: str) -> None:
    """Every spelling of every secret is masked, a longer one before one that is part of it."""
    assert expected == scrub(text, [Secret(value) for value in secrets])


@given(
    st.text(alphabet="abc*/ %", max_size=12), st.text(alphabet="xyz/ %", min_size=3, max_size=6), st.text()
)
def test_scrub_leaves_no_trace(before: str, value: str, after: str) -> None:
    """Whatever stands around it, a secret is not in a scrubbed text."""
    assert value not in scrub(before + value + after, [Secret(value)])
