"""The matrix of faults and the line that carries some of them: a hole in either proves nothing."""

import random
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Any

import pytest

from tests.chaos.cells import (
    CELLS,
    FAULTS,
    FLOWS,
    Callback,
    Cell,
    Ending,
    Fate,
    What,
    all_cells,
    rule_against,
    sample,
)
from tests.chaos.operator_line import Blow, OperatorLine
from tests.chaos.tries import Standing, Try, count_sendings
from tests.system import HOST


def test_every_cell_is_tried_or_left_out_by_a_rule() -> None:
    """Fifteen faults and five callbacks for each flow, and a word for each hole."""
    rules = {rule for cell in all_cells() if (rule := rule_against(cell)) is not None}

    assert len({fault.name for fault in FAULTS}) == 15
    assert len({cell.name for cell in all_cells()}) == len(FLOWS) * 15 * 5
    assert rules == {
        "Orange's answers name no currency",
        "nobody calls back about what was not taken",
        "Orange is given no address where money goes out",
    }
    assert {cell.fault.name for cell in CELLS} == {fault.name for fault in FAULTS}


@pytest.mark.parametrize("seed", range(20))
def test_a_sample_has_some_of_everything(seed: int) -> None:
    """Each flow, fault and callback, whatever chance says, and far fewer than all."""
    taken = sample(CELLS, random.Random(seed))  # noqa: S311 - seeded, to be replayed

    assert {cell.flow.name for cell in taken} == {flow.name for flow in FLOWS}
    assert {cell.fault.name for cell in taken} == {fault.name for fault in FAULTS}
    assert {cell.callback for cell in taken} == set(Callback)
    assert len(taken) <= 20
    failing = {(cell.flow.product, cell.fault.name) for cell in taken if cell.is_cut_off}
    assert len(failing) == len({product for product, _ in failing}) >= 2


def test_money_out_that_was_lost_is_never_sent_again() -> None:
    """What became of a loss follows from the flow alone: at MTN money out waits for a person."""
    lost = [cell for cell in CELLS if cell.fault.name == "HTML under 200"]

    assert {(cell.flow.name, cell.ending) for cell in lost} == {
        ("charge at MTN", Ending.PAID),
        ("charge at Orange", Ending.EXPIRED),
        ("charge on Orange's page", Ending.PAID),
        ("refund at MTN", Ending.HELD),
        ("payout at MTN", Ending.HELD),
        ("refund at Orange", Ending.FAILED),
        ("payout at Orange", Ending.FAILED),
    }


SENT, LOST, TURNED_AWAY = ("POST", 202), ("POST", 504), ("POST", 401)
ABSENT, FOUND = ("GET", 404), ("GET", 200)


@pytest.mark.parametrize(
    ("log", "charge", "payout"),
    [
        ([SENT, FOUND], 0, 0),
        ([TURNED_AWAY, SENT], 0, 0),
        ([TURNED_AWAY, TURNED_AWAY, SENT], 0, 0),
        ([LOST, ABSENT, SENT, FOUND], 0, 1),
        ([LOST, SENT], 1, 1),
        ([LOST, ABSENT, LOST, SENT], 1, 2),
        ([SENT, FOUND, SENT], 1, 1),
    ],
)
def test_a_second_sending_while_unknown_is_seen(
    log: list[tuple[str, int]], charge: int, payout: int
) -> None:
    """By the operator's own log: a charge at MTN goes again once it was not found, nothing else."""
    by_what = {flow.what: flow for flow in FLOWS if flow.operator == "mtn"}
    expected = {What.CHARGE: charge, What.PAYOUT: payout}
    for what, wrong in expected.items():
        flow = by_what[what]
        rows = [
            {
                "method": method,
                "status": status,
                "route": f"/mtn{flow.route}{'/{reference}' * is_read}",
            }
            for method, status in log
            for is_read in [method == "GET"]
        ]
        sendings = sum(method == "POST" for method, _ in log)

        assert count_sendings(rows, flow) == (sendings, wrong)


@pytest.mark.parametrize(
    ("statuses", "wrong"), [([201], 0), ([401, 201], 0), ([401, 403], 0), ([201, 201], 1)]
)
def test_a_page_is_asked_for_once_under_its_order_id(statuses: list[int], wrong: int) -> None:
    """A refusal at the gate aside; what was lost is asked for under the next one."""
    [flow] = [flow for flow in FLOWS if flow.is_on_page]
    route = "/orange/orange-money-webpay/cm/v1/webpayment"
    rows = [{"method": "POST", "status": status, "route": route} for status in statuses]
    read = {"method": "POST", "status": 200, "route": route.replace("webpayment", "transaction")}

    assert count_sendings([*rows, read], flow) == (len(statuses), wrong)


def test_money_that_moved_on_any_page_of_a_charge_is_the_charges() -> None:
    """The operator knows the order alone, which is the charge's id and the number of the page."""
    names = {
        "charge on Orange's page": "ch" + "2" * 24 + "3",
        "charge at Orange": "2" * 20,
        "payout at MTN": "po_" + "2" * 24,
    }
    for flow in FLOWS:
        if flow.name in names:
            nothing: Any = None
            one = Try(Cell(flow, FAULTS[0], Callback.NONE), nothing, nothing)
            one.id = f"{'po' if flow.goes_out else 'ch'}_{'2' * 24}"
            assert one.has_moved(frozenset({names[flow.name]}))
            assert not one.has_moved(frozenset({"ch" + "3" * 25}))


@contextmanager
def operator(answer: bytes) -> Iterator[tuple[OperatorLine, Callable[[bytes], socket.socket]]]:
    """A line to a server that answers whatever is asked; ask over a connection of its own."""

    def serve(server: socket.socket) -> None:
        with suppress(OSError):
            while True:
                inside, _ = server.accept()
                threading.Thread(target=reply, args=(inside,), daemon=True).start()

    def reply(inside: socket.socket) -> None:
        with inside, suppress(OSError):
            if inside.recv(1_000):
                inside.sendall(answer)

    with socket.create_server((HOST, 0)) as server, OperatorLine(server.getsockname()[1]) as line:
        threading.Thread(target=serve, args=(server,), daemon=True).start()

        def ask(words: bytes) -> socket.socket:
            client = socket.create_connection((HOST, line.port), timeout=5)
            client.sendall(words)
            return client

        yield line, ask
        server.shutdown(socket.SHUT_RDWR)


def test_a_line_strikes_the_answer_to_one_request() -> None:
    """The marked one is reset after a few bytes; another, and the same once more, is whole."""
    whole = b"HTTP/1.1 202 Accepted\r\n" + b"." * 200
    with operator(whole) as (line, ask):
        line.mark(b"237670000001", Blow.RESET)
        with ask(b"POST / 237670000002") as other:
            assert _all_of(other) == whole
        with ask(b"GET / 237670000001") as read:
            assert _all_of(read) == whole
        assert line.struck == set()
        with ask(b"POST / 237670000001") as marked:
            assert marked.recv(1_000) == whole[:30]
            with pytest.raises(ConnectionResetError):
                marked.recv(1_000)
        with ask(b"POST / 237670000001") as again:
            assert _all_of(again) == whole
        assert line.struck == {b"237670000001"}


def test_only_what_nobody_paid_may_come_too_late() -> None:
    """Anything else that did not end as its cell has it is wrong, however busy the machine."""
    failed = Standing("failed", "r", "r", 3, has_case=False, words=(), references=("r",))
    expired = replace(failed, status="expired", not_found_reads=0)
    nothing: Any = None
    tries = [Try(cell, nothing, nothing) for cell in CELLS]

    assert {
        (one.cell.fault.at(one.flow).fate, one.cell.ending)
        for one in tries
        if one.came_too_late(failed, is_moved=False, sendings=1)
    } == {(Fate.LOST, Ending.PAID)}
    assert {
        one.cell.ending for one in tries if one.came_too_late(expired, is_moved=False, sendings=0)
    } == {Ending.PAID}
    lapsed = replace(failed, not_found_reads=0, words=("EXPIRED",))
    assert {
        one.cell.ending for one in tries if one.came_too_late(lapsed, is_moved=False, sendings=1)
    } == {Ending.PAID}
    for standing, is_moved, sendings in (
        (failed, True, 1),
        (lapsed, True, 1),
        (replace(failed, not_found_reads=0), False, 1),
        (replace(failed, status="unknown"), False, 1),
        (expired, True, 0),
        (expired, False, 1),
    ):
        for one in tries:
            assert not one.came_too_late(standing, is_moved=is_moved, sendings=sendings)


def test_a_line_lets_an_answer_drip() -> None:
    """The first byte comes alone."""
    with operator(b"HTTP/1.1 202 Accepted\r\n\r\n") as (line, ask):
        line.mark(b"237670000001", Blow.DRIP)
        with ask(b"POST / 237670000001") as marked:
            assert marked.recv(1_000) == b"H"


def test_a_line_refuses_hangs_and_comes_back() -> None:
    """Refused at once, then not answered at all, then as before on the same port."""
    with operator(b"HTTP/1.1 200 OK\r\n\r\n") as (line, ask):
        port = line.port
        standing = socket.create_connection((HOST, port), timeout=5)
        ask(b"POST / 1").close()
        line.refuse()
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((HOST, port), timeout=5)
        with standing, pytest.raises(ConnectionResetError):
            standing.recv(1)
        line.hang()
        with pytest.raises(TimeoutError):
            socket.create_connection((HOST, port), timeout=0.3)
        line.let_through()
        with ask(b"POST / 2") as back:
            assert back.recv(1_000) == b"HTTP/1.1 200 OK\r\n\r\n"
        assert line.port == port


def _all_of(client: socket.socket) -> bytes:
    return b"".join(iter(lambda: client.recv(1_000), b""))
