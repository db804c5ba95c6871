"""Good CBOR that something happened to (E43): no fault, nothing read that JSON could not say."""

import json
import random
import time
from typing import Any, Final

import cbor2

from shared.domain.errors import Refusal
from shared.runtime import json_body
from shared.runtime.cbor_body import CBOR, read_object
from tests.trials import Trial

LONGEST_SECONDS: Final = 0.5
WORDS: Final = ("", "a", "amount", "é", "\U0001f600", "x" * 30)
NUMBERS: Final = (0, 1, 23, 24, 255, 256, 2**16, 2**32, 2**63, 2**64 - 1, -1, -24, -25, -(2**64))
HEADS: Final = bytes.fromhex(
    "18191a1b1c1d1e1f 38393a3b3c3d3e3f 40415f6061 787b7f 8081989b9f a0a1b8bbbf c0c2d8db e0f4f6f7"
    "f8f9fafbff"
)
"""Bytes that begin something: each kind, each way to say a length, and those that may not be."""


def test_no_mutation_is_a_fault_or_read_as_json_could_not_say(trial: Trial) -> None:
    """What is taken is what the other reader takes, each within a fraction of a second."""
    chance, count = trial.chance, trial.size(3_000, 1_000_000)
    wrong, taken, slow = [], 0, []
    for _ in range(count):
        content = mutated(chance)
        began = time.thread_time()
        try:
            found = read(content)
        except Exception as error:  # noqa: BLE001 - any other is what is looked for
            wrong.append((content.hex(), repr(error)))
            continue
        if time.thread_time() - began > LONGEST_SECONDS:
            slow.append(content)
        if found is None:
            continue
        taken += 1
        if json_body.read_object(json.dumps(found).encode(), json_body.JSON) != found:
            wrong.append((content.hex(), "JSON reads it otherwise"))
    assert wrong[:10] == []
    # What is slow once may have met the collector of a large process.
    assert [content.hex() for content in slow if seconds(content) > LONGEST_SECONDS] == []
    trial.record("E43 mutations of CBOR", count, wrong=len(wrong), taken=taken)


def read(content: bytes) -> Any:
    """What is read, None where it is refused."""
    try:
        return read_object(content, CBOR)
    except Refusal:
        return None


def seconds(content: bytes) -> float:
    """The least of three tries."""
    tries = []
    for _ in range(3):
        began = time.thread_time()
        read(content)
        tries.append(time.thread_time() - began)
    return min(tries)


def mutated(chance: random.Random) -> bytes:
    """Write a map, and do up to three things to its bytes."""
    content = bytearray(cbor2.dumps({chance.choice(WORDS): value(chance, 4) for _ in range(3)}))
    for _ in range(chance.randrange(4)):
        at = chance.randrange(len(content) + 1)
        match chance.randrange(6):
            case 0:
                del content[at : at + chance.randrange(1, 9)]
            case 1:
                content[at:at] = content[at : at + chance.randrange(1, 9)]
            case 2:
                content[at : at + 1] = bytes([chance.choice(HEADS)])
            case 3:
                content[at:at] = bytes([chance.choice(HEADS)])
            case 4:
                content[at : at + 1] = chance.randbytes(1)
            case _:
                content += cbor2.dumps(value(chance, 1))
    return bytes(content)


def value(chance: random.Random, levels: int) -> Any:
    """Draw what JSON can say, a few levels deep."""
    match chance.randrange(7 if levels else 5):
        case 0 | 1:
            return chance.choice(NUMBERS)
        case 2 | 3:
            return chance.choice(WORDS)
        case 4:
            return chance.choice((None, True, False))
        case 5:
            return [value(chance, levels - 1) for _ in range(chance.randrange(4))]
    return {chance.choice(WORDS): value(chance, levels - 1) for _ in range(chance.randrange(4))}
