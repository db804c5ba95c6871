"""Every crash point has somebody who dies there: a storm, or a way of the drill."""

from collections import Counter

from tests.chaos.crash_points import LEFT_OUT, RARE, discover, every_point, rare
from tests.chaos.rare_town import Town
from tests.chaos.rare_ways import for_people, for_the_clock_and_merchants


def _on_a_way() -> Counter[str]:
    """How many ways lead to each point; a way that nobody takes asks nothing of its town."""
    nowhere = object.__new__(Town)
    lanes = [*for_the_clock_and_merchants(nowhere), *for_people(nowhere)]
    return Counter(point for lane in lanes for ways in lane for way in ways for point in way.points)


def test_each_point_is_reached_by_a_storm_or_by_one_way_of_the_drill() -> None:
    """E09: a new point that nothing feeds fails here until it has a way."""
    ways = _on_a_way()

    assert rare() <= ways.keys() <= every_point()
    assert {*ways.values()} == {1}
    nobodys = every_point() - discover() - ways.keys()
    assert {point.partition(".")[0] for point in nobodys} <= LEFT_OUT.keys()


def test_what_is_left_out_has_no_point_of_its_own() -> None:
    """Only what every publisher has by its kind, which these never pass; and what is dropped."""
    steps = {"before_publish", "after_publish"}

    for point in every_point():
        function, _, step = point.partition(".")
        assert function not in LEFT_OUT or step in steps or function == "receive_statement"


def test_a_reason_without_a_point_is_gone() -> None:
    """What a storm does not feed is named as long as it is there."""
    points = every_point()

    for name in RARE:
        assert any(name in {point, point.partition(".")[0]} for point in points), name
