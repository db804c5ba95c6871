"""Capacity is reckoned from figures, and its documents say what they give."""

import itertools
import math
from decimal import Decimal
from fractions import Fraction

import pytest

from tests.benchmarks.capacity import bill, model, prices
from tests.benchmarks.capacity.__main__ import stale
from tests.benchmarks.capacity.configured import node_pools, pods, pooler, quantity
from tests.benchmarks.capacity.marks import with_sections


def test_the_documents_say_what_the_figures_give() -> None:
    """Whoever measures anew, scales or prices otherwise runs `make capacity`."""
    assert stale() == []


def test_pods_are_those_of_the_production_overlay() -> None:
    """Patches reach the services they name, and no others."""
    known = pods()

    assert (known["create_charge"].least, known["receive_callback"].least) == (1, 2)
    assert known["render_receipt"].least == 0
    # 250m and 160Mi of its own, 25m and 50Mi of the queue, 50m and 96Mi of the proxy.
    assert known["create_charge"].cpu == Fraction(325, 1000)
    assert known["create_charge"].memory == quantity("306Mi")
    assert known["render_receipt"].cpu == Fraction(175, 1000)


@pytest.mark.parametrize("cloud", ["gcp", "aws"])
def test_more_charges_never_need_less(cloud: model.Cloud) -> None:
    """Pods, nodes, connections, databases and each part of the bill grow with the rate."""
    needs: list[list[Decimal | int]] = [
        [
            *(hop.pods(rate) for hop in model.WAY),
            *(model.nodes(rate, pool, cloud) for pool in ("functions", "operators")),
            *(model.server_connections(rate), model.client_connections(rate), model.poolers(rate)),
            math.prod(model.database_size(rate, cloud)),
            *bill.bill(cloud, rate).values(),
        ]
        for rate in (0, 1, *model.RATES)
    ]

    for less, more in itertools.pairwise(needs):
        assert all(before <= after for before, after in zip(less, more, strict=True))


def test_a_function_ends_where_its_largest_scale_is_just_enough() -> None:
    """At the rate that the table names as its end the pods suffice, a pod's worth later not."""
    for hop in model.WAY:
        beyond = hop.ends_at + int(hop.most_of_a_pod) + 1

        assert hop.pods(hop.ends_at) <= hop.pod.most < hop.pods(beyond)


def test_the_smallest_cluster_stands_at_the_minimum_of_its_nodes() -> None:
    """Ten charges a second do not take more machines than three zones do."""
    pools = node_pools("complete-gcp")

    for name in ("functions", "operators"):
        assert model.nodes(10, name, "gcp") == pools[name].least
    assert model.server_connections(10) <= pooler().server_connections


def test_money_is_whole_and_each_part_counts_once() -> None:
    """No part of a bill is a fraction or below zero, and each price is one."""
    for rate in (0, *model.RATES):
        for cloud in model.EXAMPLES:
            one = bill.bill(cloud, rate)
            assert tuple(one) == bill.PARTS
            assert all(amount == int(amount) >= 0 for amount in one.values())
    assert tuple(bill.trial()) == bill.PARTS
    assert bill.whole(Decimal("2.5")) == 3
    assert prices.usd("pubsub") == 40


def test_a_part_without_its_place_is_refused() -> None:
    """A document that lost a mark is told, and nothing is written elsewhere."""
    with pytest.raises(ValueError, match="no place for cores"):
        with_sections("nothing here", {"cores": "x"})
