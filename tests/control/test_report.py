"""What the controller says of its profiles."""

from __future__ import annotations

from dataclasses import replace

from spiritstream.control.report import Report
from tests.control.stage import Stage
from tests.control.wishes import profile


def test_position() -> None:
    """Profiles are listed by their position, equal ones by name; what is broken keeps its place."""
    stage = Stage()
    try:
        for name, position in (("a", 20), ("b", 10), ("c", 0), ("d", 10)):
            stage.write(f"{name}.yaml", replace(profile(name), position=position))
        stage.begin()
        stage.wait(3)
        stage.write("b.yaml", None)
        stage.wait(3)
        assert stage.controller is not None and stage.hands is not None
        report = Report(stage.controller, stage.hands, None)
        said = stage.loop.run_until_complete(report.status())
        assert ["c", "b", "d", "a"] == [one["name"] for one in said["profiles"]]
    finally:
        stage.close()
