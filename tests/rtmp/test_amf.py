"""AMF0 is read exactly, written as it was read, and bounded."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spiritstream.rtmp.amf import (
    UNDEFINED,
    Date,
    EcmaArray,
    LongString,
    TypedObject,
    Value,
    Xml,
    decode,
    encode,
)
from spiritstream.rtmp.faults import RtmpError
from tests.rtmp.amf_cases import AMF_BAD, AMF_CASES, AmfBad, AmfCase

each_case = pytest.mark.parametrize("case", AMF_CASES, ids=[case.name for case in AMF_CASES])
each_bad = pytest.mark.parametrize("bad", AMF_BAD, ids=[bad.name for bad in AMF_BAD])


def kinds(value: Value) -> object:
    """The value with the class of every part, which `==` does not look at."""
    if isinstance(value, dict):
        more = value.count if isinstance(value, EcmaArray) else getattr(value, "name", None)
        return type(value), more, [(name, kinds(member)) for name, member in value.items()]
    if isinstance(value, list):
        return [kinds(item) for item in value]
    return type(value), value


@each_case
def test_a_case_is_read(case: AmfCase) -> None:
    """The bytes of a case are its values, of just these kinds."""
    assert [kinds(value) for value in case.values] == [kinds(value) for value in decode(case.data)]


@each_case
def test_a_case_is_written(case: AmfCase) -> None:
    """The values are written as the same bytes, or, where there is a reason, as others that mean the same."""
    written = encode(*case.values)
    assert (not case.differs) == (case.data == written)
    assert case.values == decode(written)


@each_bad
def test_what_is_no_amf_is_refused(bad: AmfBad) -> None:
    """Bytes that are cut short, unknown or out of bounds are refused in words of ours."""
    with pytest.raises(RtmpError, match=bad.says):
        decode(bad.data)


@pytest.mark.parametrize("case", [c for c in AMF_CASES if c.data], ids=[c.name for c in AMF_CASES if c.data])
def test_a_case_that_is_cut_short_is_refused_or_holds_less(case: AmfCase) -> None:
    """Cut anywhere, a case is refused, or the cut fell between two values."""
    for end in {*range(min(len(case.data), 40)), len(case.data) - 1}:
        try:
            values = decode(case.data[:end])
        except RtmpError:
            continue
        assert case.values[: len(values)] == values
        assert len(values) < len(case.values)


def test_a_whole_number_is_written_as_the_number_it_is() -> None:
    """AMF0 has one kind of number."""
    assert encode(5.0) == encode(5)


def test_a_long_text_gets_a_long_length() -> None:
    """Text of more than 65,535 bytes is written as a long string by itself."""
    assert encode(LongString("ä" * 33_000)) == encode("ä" * 33_000)


def test_an_array_by_name_counts_itself() -> None:
    """Without a count of its sender's, an array by name says how many members it has."""
    assert encode(EcmaArray({"a": 1, "b": 2}, 2)) == encode(EcmaArray({"a": 1, "b": 2}))


@pytest.mark.parametrize(
    ("value", "error"),
    [
        ({"x" * 65_536: None}, ValueError),
        (TypedObject({}, "x" * 65_536), ValueError),
        ("\ud800", ValueError),
        (b"bytes", TypeError),
        ((1, 2), TypeError),
    ],
    ids=["a long name", "a long class", "half a pair", "bytes", "a tuple"],
)
def test_what_amf_cannot_say_is_refused(value: Value, error: type[Exception]) -> None:
    """Values without a form in AMF0 are refused."""
    with pytest.raises(error):
        encode(value)


def test_values_that_hold_themselves_are_refused() -> None:
    """A list inside itself ends in an error, not in a full stack."""
    endless: list[Value] = []
    endless.append(endless)
    with pytest.raises(ValueError, match="nest"):
        encode(endless)


def test_undefined_is_told_from_null() -> None:
    """The two read as two values, and undefined shows what it is."""
    assert [None, UNDEFINED] == decode(encode(None, UNDEFINED))
    assert "UNDEFINED" == repr(UNDEFINED)


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
values = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | texts | texts.map(LongString) | texts.map(Xml)
    | st.just(UNDEFINED)
    | st.builds(Date, st.floats(allow_nan=False), st.integers(-0x8000, 0x7FFF)),
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(texts, inner, max_size=4)
    | st.builds(EcmaArray, st.dictionaries(texts, inner, max_size=4), st.integers(0, 2**32 - 1))
    | st.builds(TypedObject, st.dictionaries(texts, inner, max_size=4), texts),
    max_leaves=12,
)  # fmt: skip


@given(st.lists(values, max_size=4))
def test_what_is_written_is_read(given_values: list[Value]) -> None:
    """Any values are read as they were written."""
    assert [kinds(value) for value in given_values] == [
        kinds(value) for value in decode(encode(*given_values))
    ]


@given(st.binary(max_size=200))
def test_garbage_is_refused_or_read(data: bytes) -> None:
    """Anything is refused in our words, or read as something that can be written."""
    try:
        read = decode(data)
    except RtmpError:
        return
    assert encode(*decode(encode(*read))) == encode(*read)
