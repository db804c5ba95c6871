"""When the Pub/Sub server's journal waits for its disk, and who waits with it."""

import asyncio
import threading
from pathlib import Path

import pytest

from knative.local.pubsub.journal import AHEAD_BYTES, QUICK_SYNC_SECONDS, Journal
from knative.local.pubsub.records import LastMessageId

DEADLINE_SECONDS = 10.0
RECORDS = [LastMessageId(1)]


class Disk:
    """A disk that is quick, or takes its time until it is told to go on."""

    def __init__(self) -> None:
        self.threads: list[threading.Thread] = []
        self.begun = threading.Event()
        self.goes_on = threading.Event()
        self.longest_seconds = 0.0

    def sync(self, _file: int) -> None:
        """Stand in for fdatasync."""
        self.threads.append(threading.current_thread())
        self.begun.set()
        self.goes_on.wait(self.longest_seconds)

    def hang(self) -> None:
        """Keep the next sync until `goes_on`."""
        self.longest_seconds = DEADLINE_SECONDS
        self.begun.clear()
        self.goes_on.clear()

    async def is_busy(self) -> bool:
        """Whether a sync begins while the event loop goes on."""
        return await asyncio.to_thread(self.begun.wait, DEADLINE_SECONDS)


def _opened(directory: Path, disk: Disk) -> Journal:
    journal = Journal(directory, sync=disk.sync)
    assert not list(journal.replay())
    return journal


def test_commits_during_a_sync_share_the_next(tmp_path: Path) -> None:
    """Publishers who wait together cost one sync, whatever their number; none is told early."""

    async def run() -> None:
        disk = Disk()
        journal = _opened(tmp_path, disk)
        disk.hang()
        first = [journal.commit(RECORDS) for _ in range(2)]
        assert await disk.is_busy()
        later = [journal.commit(RECORDS) for _ in range(20)]
        assert not any(each.done() for each in (*first, *later))
        disk.goes_on.set()
        await asyncio.wait_for(asyncio.gather(*first, *later), DEADLINE_SECONDS)
        assert len(disk.threads) == 2
        journal.close()

    asyncio.run(run())


def test_a_slow_disk_holds_up_commits_alone(tmp_path: Path) -> None:
    """The loop waits itself where that is quicker; once the disk is slow, it goes on meanwhile."""

    async def run() -> None:
        disk = Disk()
        journal = _opened(tmp_path, disk)

        async def until_synced_by_the_loop() -> None:
            while threading.current_thread() not in disk.threads:
                await journal.commit(RECORDS)

        await asyncio.wait_for(until_synced_by_the_loop(), DEADLINE_SECONDS)
        disk.longest_seconds = 10 * QUICK_SYNC_SECONDS
        await journal.commit(RECORDS)
        disk.hang()
        slow = journal.commit(RECORDS)
        assert await disk.is_busy()
        assert not slow.done()
        disk.goes_on.set()
        await asyncio.wait_for(slow, DEADLINE_SECONDS)
        journal.close()

    asyncio.run(run())


def test_what_a_file_has_ahead_is_no_damage(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The end that a killed server had not written yet is cut off without a word, to be used."""
    records = [LastMessageId(number) for number in range(3)]

    async def run() -> None:
        killed = Journal(tmp_path)
        assert not list(killed.replay())
        await killed.commit(records)
        assert (tmp_path / "journal-0").stat().st_size > AHEAD_BYTES
        for known in (records, 2 * records):
            journal = Journal(tmp_path)
            assert list(journal.replay()) == known
            await journal.commit(records)
            journal.close()
            assert (tmp_path / "journal-0").stat().st_size == journal.size

    asyncio.run(run())
    assert capsys.readouterr().err == ""
