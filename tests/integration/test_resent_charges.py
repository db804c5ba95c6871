"""The one resend of a charge on real PostgreSQL: granted once, used once, and absence anew."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from sqlalchemy import Engine

from shared.db.statement import Statement
from shared.db.transaction import Database as Pool
from shared.domain.charge import AttemptStatus, ChargeEvent, ChargeStatus
from shared.operations.ports import Lease, Move, ReadNote
from tests.database import Account, Database
from tests.factories import a_message, moment
from tests.integration.charging import WAITING, Shop
from tests.pubsub_server import wait_for


@pytest.fixture
def shop(app_engine: Engine, account: Account, migrated: Database) -> Shop:
    """A shop of its own for each test."""
    return Shop(app_engine, account, migrated)


def test_the_one_resend_is_granted_once_and_used_once(shop: Shop) -> None:
    """A "not found" grants one more send of the same attempt, to one message, not to a used one."""
    charge = shop.charge()
    shop.create(charge)
    claimed = shop.claim(charge)
    assert claimed is not None
    silent = replace(claimed[0], status=ChargeStatus.UNKNOWN)
    shop.store.move(
        Move(
            silent,
            ChargeStatus.SUBMITTING,
            ChargeEvent.WENT_SILENT,
            moment(),
            moment(),
            attempt_id=claimed[1].id,
            attempt_status=AttemptStatus.SILENT,
            consumer="submit_charge",
            message_id="msg_first",
        )
    )
    assert shop.claim(charge) is None
    note = ReadNote(
        silent, claimed[1], "RESOURCE_NOT_FOUND", moment(), moment(), resend=a_message(charge)
    )
    shop.handed_on.clear()

    shop.store.note(note)
    shop.store.note(replace(note, resend=a_message(charge)))

    assert len(shop.handed_on) == 1
    assert shop.claim(charge, message_id="msg_first") is None
    assert shop.claim(charge) is not None
    assert shop.claim(charge) is None


def test_a_resend_starts_the_proof_of_absence_anew(shop: Shop) -> None:
    """Reads that found nothing before the resend do not count after it."""
    charge = shop.charge()
    shop.create(charge)
    claimed = shop.claim(charge)
    assert claimed is not None
    shop.store.release(*claimed, reason="connection_refused")
    read = replace(claimed[1], not_found_reads=2, first_not_found_at=moment())
    shop.store.note(
        ReadNote(replace(claimed[0], lease_until=None), read, "RESOURCE_NOT_FOUND", moment(),
                 moment())
    )  # fmt: skip

    assert shop.claim(charge) is not None

    found = shop.store.find_with_attempt(charge.id)
    assert found is not None
    assert found[1] is not None
    assert (found[1].not_found_reads, found[1].first_not_found_at) == (0, None)


def test_absence_is_not_proven_while_somebody_sends_again(shop: Shop) -> None:
    """A move that saw no lease loses against one that was taken since."""
    charge = shop.charge()
    shop.create(charge)
    claimed = shop.claim(charge)
    assert claimed is not None
    seen = replace(claimed[0], status=ChargeStatus.FAILED, lease_until=None)

    won = shop.store.move(
        Move(seen, ChargeStatus.SUBMITTING, ChargeEvent.NOT_RECEIVED, moment(), None,
             lease=Lease.UNTOUCHED)
    )  # fmt: skip

    assert won is False


def test_a_read_from_before_a_resend_proves_nothing_after_it(shop: Shop) -> None:
    """It neither ends the charge nor counts towards its end, though all looks as it did before."""
    charge = shop.charge()
    shop.create(charge)
    shop.silence(charge)
    found = shop.store.find_with_attempt(charge.id)
    assert found is not None
    shop.store.note(ReadNote(*found, "x", moment(), moment(), resend=a_message(charge)))
    found = shop.store.find_with_attempt(charge.id)
    assert found is not None
    seen, attempt = found
    assert attempt is not None

    shop.silence(charge)  # the resend is claimed, sent and silent while the read is under way
    many = replace(attempt, not_found_reads=9, first_not_found_at=moment())
    shop.store.note(ReadNote(seen, many, "RESOURCE_NOT_FOUND", moment(), moment()))
    failed = replace(seen, status=ChargeStatus.FAILED)
    won = shop.store.move(
        Move(failed, seen.status, ChargeEvent.NOT_RECEIVED, moment(), None, lease=Lease.UNTOUCHED)
    )

    assert won is False
    found = shop.store.find_with_attempt(charge.id)
    assert found is not None
    assert found[1] is not None
    assert (found[0].status, found[1].not_found_reads) == (ChargeStatus.UNKNOWN, 0)


def test_a_claim_that_waited_for_a_sender_sends_nothing_again(
    shop: Shop, app_engine: Engine
) -> None:
    """What it saw of the attempt before it waited, "not sent", is no longer so."""
    charge = shop.charge()
    shop.create(charge)
    claimed = shop.claim(charge)
    assert claimed is not None
    shop.store.release(*claimed, reason="connection_refused")
    with ThreadPoolExecutor(1) as threads:
        with Pool(app_engine).tenant(shop.account.test) as sender:
            sender.run(Statement("UPDATE charges SET status = 'unknown'"))
            sender.run(Statement("UPDATE provider_attempts SET status = 'silent'"))
            waiting = threads.submit(shop.claim, charge)
            wait_for(lambda: shop.database.look(WAITING), "a claim that waits")

        assert waiting.result() is None
