"""The table of takeovers."""

from __future__ import annotations

import pytest

from spiritstream.model.profile import Takeover
from spiritstream.run.ingest.takeover import Decision, decide

CASES = [
    (Takeover.REJECT, 0.0, 0.0, Decision.REJECT),
    (Takeover.REJECT, 60.0, 60.0, Decision.REJECT),
    (Takeover.REPLACE, 0.0, 0.0, Decision.REPLACE),
    (Takeover.REPLACE, 60.0, 0.0, Decision.REPLACE),
    # Nobody knows yet whether the first one is alive.
    (Takeover.WHEN_SILENT, 0.0, 0.0, Decision.WAIT),
    (Takeover.WHEN_SILENT, 0.04, 0.0, Decision.WAIT),
    (Takeover.WHEN_SILENT, 2.9, 2.8, Decision.WAIT),
    # What it had sent before may be read a moment later.
    (Takeover.WHEN_SILENT, 1.0, 1.2, Decision.WAIT),
    # It has sent something since the second one came.
    (Takeover.WHEN_SILENT, 0.1, 0.5, Decision.REJECT),
    (Takeover.WHEN_SILENT, 2.0, 2.5, Decision.REJECT),
    (Takeover.WHEN_SILENT, 3.0, 0.0, Decision.REPLACE),
    (Takeover.WHEN_SILENT, 3.0, 3.0, Decision.REPLACE),
    (Takeover.WHEN_SILENT, 60.0, 0.0, Decision.REPLACE),
]


@pytest.mark.parametrize(("takeover", "silent_s", "waited_s", "expected"), CASES)
def test_takeover(takeover: Takeover, silent_s: float, waited_s: float, expected: Decision) -> None:
    """What becomes of the second one, by what is wanted and how long the first has been silent."""
    assert expected == decide(takeover, silent_s=silent_s, waited_s=waited_s)
