"""Whatever the contract lets anybody send is answered as the contract says, by schemathesis."""

import json
import sys
from collections.abc import Callable, Mapping
from typing import Any, Final

import pytest
import schemathesis
from pg8000.native import Connection
from schemathesis.checks import CHECKS

from shared.contracts import OPENAPI_FILES
from shared.contracts.operations import OPERATIONS, Operation
from shared.domain.permissions import PEOPLE_ONLY, SCOPE_OF
from tests.database import Account, MakeAccount
from tests.functions.door import Door
from tests.functions.fuzz_gateway import Gateway
from tests.functions.fuzz_rules import BETWEEN_FIELDS, LEFT_OUT
from tests.functions.fuzzing import Fuzzer, pinned
from tests.functions.payer import Payer
from tests.functions.realm import Realm
from tests.functions.team import Team
from tests.functions.test_matrix import _open
from tests.trials import IS_LARGE, SEED, Trial

# The gate asks the same each time; nights ask something new.
FUZZ_SEED: Final = SEED if IS_LARGE else 7
DOCUMENT: Final[Mapping[str, Any]] = json.loads(OPENAPI_FILES["en"].read_text("utf-8"))
TAGS: Final = [tag["name"] for tag in DOCUMENT["tags"]]
UNBOUNDED: Final = """
INSERT INTO platform.dated_rules (id, kind, livemode, account_id, valid_from, data)
VALUES ('requests_of_' || :account, 'requests', false, :account, now() - interval '1 minute', '{}')
"""


@pytest.fixture(scope="module")
def fuzzer(
    make_account: MakeAccount, superuser: Connection, door: Callable[[str], Door], realm: Realm
) -> Fuzzer:
    """The contract, a shop with one of everything, and whoever may call each operation."""
    team, payer = Team(superuser), Payer(door("read_customer"), superuser)
    account, emptied, administered = (make_account() for _ in range(3))
    for each in (account, emptied):
        superuser.run(UNBOUNDED, account=each.id)
    shop = _open(account, door, team, superuser)
    nobody = shop.loot.imagined().objects
    ids = {kind: [known, nobody[kind]] for kind, known in shop.loot.objects.items()}
    ids["acct"] = [administered.id]
    payers_token = payer.proves(payer.pays(account)[1])
    owners = {each.id: team.join(each.id, "owner") for each in (account, emptied)}
    turns = iter(range(sys.maxsize))

    def as_owner(of: Account) -> dict[str, str]:
        token = realm.token(owners[of.id])
        return {"Authorization": f"Bearer {token}", "Pay-Account": of.id, "Pay-Mode": "test"}

    def caller(operation: Operation) -> dict[str, str]:
        match operation.auth:
            case "merchant" if operation.operation_id == "delete_test_data":
                return as_owner(emptied)
            case "merchant" if SCOPE_OF[operation.operation_id] in PEOPLE_ONLY or next(turns) % 2:
                return as_owner(account)
            case "merchant" | "method":
                return {"Authorization": f"Bearer {shop.key}"}
            case "person":
                return {"Authorization": f"Bearer {realm.token('grace', 'admin')}"}
            case "customer":
                return {"Authorization": f"Bearer {payers_token}"}
        return {}

    schema = schemathesis.openapi.from_dict(pinned(DOCUMENT, ids))
    return Fuzzer(schema, Gateway(door), caller, ids)


@pytest.mark.parametrize("tag", TAGS)
def test_every_answer_is_what_the_contract_says(tag: str, fuzzer: Fuzzer, trial: Trial) -> None:
    """By every check of schemathesis, of good requests and bad, as whoever may make them."""
    examples, tried, wrong = trial.size(6, 200), 0, []
    fuzzer.gateway.statuses.clear()
    for operation in fuzzer.operations(tag):
        for case in fuzzer.cases(operation, examples, FUZZ_SEED):
            tried += 1
            wrong += fuzzer.judge(case)
    sys.stdout.write("\n\n".join(wrong))

    assert fuzzer.gateway.limited == 0
    good = sum(count for status, count in fuzzer.gateway.statuses.items() if status < 300)
    trial.record(f"schemathesis on {tag}", tried, wrong=len(wrong), answered_well=good)


def test_a_walk_from_answer_to_request_keeps_the_contract(fuzzer: Fuzzer, trial: Trial) -> None:
    """What was made is there, what was deleted is not, and all else holds along the way."""
    tried, wrong = fuzzer.walk(trial.size(20, 400), trial.size(6, 12), is_new=IS_LARGE)
    sys.stdout.write("\n\n".join(wrong))

    trial.record("schemathesis on its walks", tried, wrong=len(wrong))


def test_what_is_left_out_is_there() -> None:
    """No exception outlives its operation or its check."""
    operations = {operation.operation_id for operation in OPERATIONS}
    checks = {check.__name__ for check in CHECKS.get_all()}

    assert {name for name, _ in BETWEEN_FIELDS} | (LEFT_OUT.keys() - {"*"}) <= operations
    assert {check for left_out in LEFT_OUT.values() for check in left_out} <= checks
