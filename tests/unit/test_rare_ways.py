"""Every crash point has somebody who dies there: a storm, or a way of the drill."""

import subprocess
import sys
from collections import Counter
from pathlib import Path

from shared.runtime.crash import DIED
from tests.chaos.crash_points import LEFT_OUT, RARE, discover, every_point, rare
from tests.chaos.rare_drill import RareDrill, Way
from tests.chaos.rare_town import Town
from tests.chaos.rare_ways import for_people, for_the_clock_and_merchants
from tests.system import LocalSystem


def _on_a_way() -> Counter[tuple[str, str]]:
    """How many ways lead whom to each point; a way that nobody takes asks nothing of its town."""
    nowhere = object.__new__(Town)
    lanes = [*for_the_clock_and_merchants(nowhere), *for_people(nowhere)]
    ways = [way for lane in lanes for together in lane for way in together]
    return Counter((way.function, point) for way in ways for point in way.points)


def test_each_point_is_reached_by_a_storm_or_by_one_way_of_the_drill() -> None:
    """E09: a new point that nothing feeds fails here until it has a way."""
    ways = _on_a_way()

    points = {point for _, point in ways}
    assert rare() <= points <= every_point()
    assert {*ways.values()} == {1}
    nobodys = every_point() - discover() - points
    assert {point.partition(".")[0] for point in nobodys} <= LEFT_OUT.keys()


def test_what_is_left_out_has_no_point_of_its_own() -> None:
    """Only what every publisher has by its kind, which these never pass."""
    steps = {"before_publish", "after_publish"}

    for point in every_point():
        function, _, step = point.partition(".")
        assert function not in LEFT_OUT or step in steps


def test_who_uploads_and_who_takes_what_was_dropped_die_at_an_upload() -> None:
    """E09: two functions pass its points, and each of them is killed there."""
    whom = {function for function, point in _on_a_way() if point.startswith("upload_statement.")}

    assert whom == {"manage_platform", "receive_statement"}


def test_one_death_is_not_taken_for_that_of_another_function(tmp_path: Path) -> None:
    """E09: who comes to a point after another had died there has yet to die."""
    process = subprocess.Popen([sys.executable, "-S", "-c", ""], text=True)
    process.wait()
    system = LocalSystem(tmp_path, "", process, tmp_path / "runner.log")
    system.crash_points.mkdir()
    point = "upload_statement.before_put"
    (system.crash_points / f"{point}{DIED}manage_platform.{process.pid}").touch()
    drill = RareDrill(system, way_seconds=1.0)
    ways = [Way(name, (point,), lambda: bool) for name in ("manage_platform", "receive_statement")]

    assert [drill._note(way) for way in ways] == [True, False]
    assert (drill.not_hit([point]), len(drill.deaths)) == ([], 1)


def test_a_reason_without_a_point_is_gone() -> None:
    """What a storm does not feed is named as long as it is there."""
    points = every_point()

    for name in RARE:
        assert any(name in {point, point.partition(".")[0]} for point in points), name
