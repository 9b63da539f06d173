"""The log: a line or an object for each record, and no secret in any part of it."""

from __future__ import annotations

import io
import json
import logging
import os
import re
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from spiritstream.journal import Unblocked, open_journal
from spiritstream.secret import Secret

SECRETS = [
    Secret("canary-plain"),
    Secret('canary "quoted"'),
    Secret("canary-ключ-鍵"),
    Secret("canary\\slash, 'both\" quotes"),
    Secret("canary/with?reserved&signs"),
]
LOG = logging.getLogger("spiritstream.runner")


@pytest.fixture(autouse=True)
def _logging_as_it_was() -> Iterator[None]:
    """The journal takes over the program's logger: given back after each test."""
    log = logging.getLogger("spiritstream")
    before = (log.handlers[:], log.level, log.propagate)
    yield
    log.handlers[:], level, log.propagate = before
    log.setLevel(level)


def journal(form: str, *, verbose: bool = False) -> io.StringIO:
    """Where the log goes from now on."""
    stream = io.StringIO()
    open_journal(form, lambda: SECRETS, verbose=verbose, stream=stream)
    return stream


def objects(stream: io.StringIO) -> list[dict[str, Any]]:
    """A JSON log's lines."""
    return [json.loads(line) for line in stream.getvalue().splitlines()]


STAMP = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00"


def test_plain() -> None:
    """A line has time, level and text, and the path where there is one."""
    stream = journal("plain")
    LOG.info("live")
    LOG.warning("lost after %d s", 3, extra={"path": "groups.a.targets.b"})
    first, second = stream.getvalue().splitlines()
    assert re.fullmatch(rf"{STAMP} info live", first)
    assert re.fullmatch(rf"{STAMP} warning groups\.a\.targets\.b: lost after 3 s", second)


def test_json() -> None:
    """A line is an object with time, level, path and message."""
    stream = journal("json")
    LOG.error("lost after %d s", 3, extra={"path": "groups.a.targets.b"})
    LOG.info("live")
    first, second = objects(stream)
    assert re.fullmatch(STAMP, first.pop("time"))
    assert {"level": "error", "path": "groups.a.targets.b", "message": "lost after 3 s"} == first
    assert ("info", "", "live") == (second["level"], second["path"], second["message"])


def test_many_lines_are_one_object() -> None:
    """Whatever a text holds, a record is one line of JSON, and comes back as it was."""
    stream = journal("json")
    text = 'two\nlines, "quotes", \\, \x1b, \u2028 and ü'
    LOG.info("%s", text)
    assert 1 == stream.getvalue().count("\n")
    assert text == json.loads(stream.getvalue())["message"]


def test_many_lines_in_plain() -> None:
    """An error with a hint stands as it is, on as many lines as it has."""
    stream = journal("plain")
    LOG.error("not applied\n%s", "a.yaml:1:1: wrong\n  hint: mend it")
    assert ["not applied", "a.yaml:1:1: wrong", "  hint: mend it"] == [
        line.removeprefix(stream.getvalue().partition("not")[0]) for line in stream.getvalue().splitlines()
    ]


def fault(kind: type[Exception], secret: str) -> None:
    """A fault of ours whose own text holds a secret."""
    try:
        raise kind(secret)
    except kind:
        LOG.exception("unexpected fault")


def chain(secret: str) -> None:
    """Two faults, of which the first holds it."""
    try:
        try:
            raise OSError(f"no such key: {secret}")
        except OSError as error:
            raise KeyError("x") from error
    except KeyError:
        LOG.exception("unexpected fault")


SAYINGS: dict[str, Callable[[str], None]] = {
    "in the message": lambda secret: LOG.info(f"published {secret} and {secret}"),
    "in the arguments": lambda secret: LOG.info("published %s, called %r", secret, secret),
    "on several lines": lambda secret: LOG.info("first\n%s\nlast %s", secret, secret),
    "in a traceback": lambda secret: fault(ValueError, secret),
    "quoted in a traceback": lambda secret: fault(KeyError, secret),
    "in a fault's cause": chain,
}


@pytest.mark.parametrize("form", ["plain", "json"])
@pytest.mark.parametrize("index", range(len(SECRETS)))
@pytest.mark.parametrize("say", SAYINGS)
def test_no_secret_is_logged(form: str, index: int, say: str) -> None:
    """However a secret gets into a record, and however it is spelt there, only the mask comes out."""
    stream = journal(form, verbose=True)
    SAYINGS[say](SECRETS[index].reveal())
    assert "***" in stream.getvalue()
    assert "canary" not in stream.getvalue()


def test_url_spelling() -> None:
    """A secret inside a URL is found in its percent-encoded spelling, too."""
    stream = journal("plain")
    LOG.info("opening rtmp://h/app/canary%2Fwith%3Freserved%26signs")
    assert stream.getvalue().endswith("opening rtmp://h/app/***\n")


def test_secrets_that_are_learnt_later() -> None:
    """A secret that is known only since an edit is taken out from then on."""
    known: list[Secret] = []
    stream = io.StringIO()
    open_journal("plain", lambda: known, stream=stream)
    known.append(Secret("canary-late"))
    LOG.info("canary-late")
    assert "canary" not in stream.getvalue()


@pytest.mark.parametrize("form", ["plain", "json"])
def test_a_traceback_is_logged(form: str) -> None:
    """A fault of ours keeps its traceback, for whoever mends it."""
    stream = journal(form, verbose=True)
    fault(ValueError, "nothing secret")
    shown = stream.getvalue() if form == "plain" else objects(stream)[0]["traceback"]
    assert "Traceback (most recent call last)" in shown
    assert "ValueError: nothing secret" in shown


def test_a_traceback_is_not_shown_to_whoever_did_not_ask() -> None:
    """A person who reads along gets one line, and how to see more."""
    stream = journal("plain")
    fault(ValueError, "nothing secret")
    (line,) = stream.getvalue().splitlines()
    assert line.endswith(" (-v shows where)")


@pytest.mark.parametrize("verbose", [False, True])
def test_what_children_say_is_for_the_verbose(verbose: bool) -> None:
    """ffmpeg's own lines are logged on demand only."""
    stream = journal("plain", verbose=verbose)
    LOG.debug("frame=1")
    assert verbose == ("frame=1" in stream.getvalue())


def test_opened_again() -> None:
    """A journal takes the place of the one before: no line is logged twice, nor by anybody else."""
    old, new = journal("plain"), journal("plain")
    LOG.info("once")
    assert ("", 1) == (old.getvalue(), new.getvalue().count("once"))
    assert not logging.getLogger("spiritstream").propagate


def test_a_reader_that_stops_reading_holds_up_nobody() -> None:
    """The log goes to a pipe that nobody reads: ten thousand records are taken at once, and what was lost
    is said when the reader reads on.
    """
    read, write = os.pipe()
    stream = os.fdopen(write, "w")
    handler = Unblocked(stream, kept_lines=100)
    handler.setFormatter(logging.Formatter("%(message)s"))
    for number in range(10_000):
        handler.emit(logging.makeLogRecord({"msg": f"line {number} {'x' * 100}"}))
    with os.fdopen(read) as reader:
        first = reader.readline()
        while "lines were lost here" not in (line := reader.readline()):
            assert line.startswith("line ")
        reading_on = threading.Thread(target=reader.read)
        reading_on.start()
        handler.close()
        stream.close()
        reading_on.join()
    assert first.startswith("line 0 ")
