"""A shop for restore drills: its own server, the real store, and operators who forget nothing.

Functions run in this process behind their doors; no broker listens, so that the drill says who is
woken and when.
"""

import io
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, Final

from knative.local.postgres import prepare_databases
from knative.local.secret_files import make_secrets, write_private
from shared.db.engine import make_engine
from shared.db.migrate import migrate
from shared.db.provisioning import PostgresAccountStore
from shared.domain.events import (
    CHARGE_CHECK_DUE,
    CHARGE_CREATED,
    PAYOUT_CHECK_DUE,
    PAYOUT_READY,
    REFUND_CREATED,
    Message,
)
from shared.operations.provision_account import (
    ProvisionAccount,
    provision_account,
    simulated_operators,
)
from shared.runtime import read_journal
from shared.runtime.sealing import Sealer
from tests.chaos.oracle.evidence import Evidence, Login, Sources, gather
from tests.chaos.restorable import Restorable, restorable_postgres
from tests.database import UNHURRIED, WEBHOOK_URL, Account, Database
from tests.factories import an_id, an_origin
from tests.functions.door import Door, Reply
from tests.functions.process import close_parts, function_process
from tests.functions.pushes import Issuer, push_body
from tests.object_store import RunningStore, running_object_store
from tests.pubsub_server import PROJECT
from tests.simulator_process import SimulatorProcess, wait_until

BASE_URL: Final = "https://api.example.cm"
FUNDS: Final = 1_000_000
ENDING_SECONDS: Final = 60


class Drill:
    """One account in test mode, and what its merchant, its operators and its server do."""

    def __init__(
        self,
        server: Restorable,
        database: Database,
        account: Account,
        *,
        issuer: Issuer,
        simulator: SimulatorProcess,
        store: RunningStore,
        environment: Mapping[str, str],
    ) -> None:
        self.server, self.database, self.account = server, database, account
        self.simulator, self.store, self.environment = simulator, store, environment
        self._issuer, self._door = issuer, cache(Door)

    # --- the merchant ------------------------------------------------------------------------

    def charge(self, phone: str, amount: int = 5_000) -> str:
        """Take a payment to its end."""
        method = {"type": "mobile_money", "phone": phone}
        body = {"amount": amount, "currency": "xaf", "payment_method": method}
        charge = self._made("create_charge", "/v1/charges", body)
        self.push("submit_charge", CHARGE_CREATED, charge)
        wait_until(
            lambda: (
                self.push("settle_charge", CHARGE_CHECK_DUE, charge) == 204
                and charge in self.ids("charges", "status = 'succeeded'")
            ),
            seconds=ENDING_SECONDS,
            what="the end of a charge",
        )
        return charge

    def refund(self, charge: str, amount: int = 1_000) -> str:
        """Ask for a part back."""
        return self._made("create_refund", "/v1/refunds", {"charge": charge, "amount": amount})

    def payout(self, phone: str, amount: int = 700, **more: Any) -> str:
        """Ask for a payout."""
        destination = {"type": "mobile_money", "phone": phone}
        body = {"amount": amount, "currency": "xaf", "destination": destination, **more}
        return self._made("create_payout", "/v1/payouts", body)

    def batch(self, *phones: str) -> tuple[str, list[str]]:
        """Ask for many payouts at once; the batch, and its lines."""
        payouts = [
            {"amount": 600, "destination": {"type": "mobile_money", "phone": phone}}
            for phone in phones
        ]
        body = {"currency": "xaf", "payouts": payouts}
        batch = self._made("create_payout", "/v1/payout_batches", body)
        return batch, self.ids("payouts", f"batch_id = '{batch}'")

    def cancel(self, object_id: str) -> Reply:
        """Take a payout or a batch back."""
        kind = "payouts" if object_id.startswith("po_") else "payout_batches"
        path = f"/v1/{kind}/{object_id}/cancel"
        return self._door("create_payout").post(path, {}, key=self.account.secret_key)

    def _made(self, function: str, path: str, body: Mapping[str, Any]) -> str:
        reply = self._door(function).post(
            path, body, key=self.account.secret_key, headers={"Idempotency-Key": an_id("key")}
        )
        assert reply.status == 200, reply.json
        return str(reply.json["id"])

    # --- whoever works -----------------------------------------------------------------------

    def send(self, *ids: str) -> list[int]:
        """Have money go out; what the broker was answered."""
        topics = {"rf": REFUND_CREATED, "po": PAYOUT_READY}
        return [self.push("submit_payout", topics[each[:2]], each) for each in ids]

    def read(self, *ids: str) -> list[int]:
        """Have the operator asked about money that went out."""
        return [self.push("settle_payout", PAYOUT_CHECK_DUE, each) for each in ids]

    def push(self, function: str, topic: str, object_id: str) -> int:
        """Push a message, as the broker does; the status of the answer."""
        message = Message(an_id("msg"), topic, self.account.id, livemode=False, object_id=object_id)
        headers = self._issuer.headers(function)
        return self._door(function).post("/", push_body(message), headers=headers).status

    def work_off(self) -> None:
        """Do what is due and send what is unsent, as clock and broker will, until all has ended."""
        wait_until(self._has_ended, seconds=ENDING_SECONDS, what="the end of all that is open")

    def _has_ended(self) -> bool:
        for kind, function, topic in (
            ("payment_check", "settle_charge", CHARGE_CHECK_DUE),
            ("payout_check", "settle_payout", PAYOUT_CHECK_DUE),
        ):
            for [due] in self.database.look(
                "SELECT object_id FROM platform.due_work WHERE kind = :kind AND done_at IS NULL"
                " ORDER BY object_id",
                kind=kind,
            ):
                self.push(function, topic, due)
        for table in ("refunds", "payouts"):
            self.send(*self.ids(table, "status = 'created'"))
        return not self.database.look(
            "SELECT FROM platform.due_work WHERE kind IN ('payment_check', 'payout_check')"
            " AND done_at IS NULL"
        )

    # --- the server --------------------------------------------------------------------------

    def put_back(self, moment: datetime) -> None:
        """Lose the server and bring it back as it was then; every process begins anew."""
        close_parts()
        self.server.put_back(moment)

    def read_journal_in(self, moment: datetime, *words: str) -> int:
        """Run the command; its exit code."""
        arguments = ["--restored-to", moment.isoformat(), *words]
        return read_journal.main(arguments, self.environment)

    def now(self) -> datetime:
        """The server's time."""
        moment: datetime = self.database.look("SELECT clock_timestamp()")[0][0]
        return moment

    def ids(self, table: str, where: str) -> list[str]:
        """Which rows are so."""
        rows = self.database.look(f"SELECT id FROM {table} WHERE {where}", self.account.test)
        return [found for [found] in rows]

    def statuses(self, table: str) -> dict[str, str]:
        """Each row's status, by id."""
        return dict(self.database.look(f"SELECT id, status FROM {table}", self.account.test))

    def balance(self, code: str) -> int:
        """What a ledger account holds on its normal side."""
        [[held]] = self.database.look(
            "SELECT balance * normal FROM ledger_accounts WHERE code = :code",
            self.account.test,
            code=code,
        )
        return int(held)

    def evidence(self, logs: Path) -> Evidence:
        """What the oracle looks at."""
        postgres, plan = self.server.postgres, self.store.plan
        token = (self.simulator.secrets_dir / "simulator_control_token").read_text().strip()
        return gather(
            Sources(
                login=Login(postgres.host, postgres.port, "pay", "postgres", postgres.password),
                store={
                    "endpoint_url": plan.endpoint_url,
                    "bucket": self.store.bucket,
                    "access": plan.access_key,
                    "secret": plan.secret_key,
                },
                operator={"url": f"{self.simulator.url}/_control", "token": token},
                account=self.account.id,
                schema=self.account.test.schema,
                logs=str(logs),
                secrets=str(logs),
                accepted=(),
                arrivals=(),
                sent=(),
                api={},
                foreign=(),
            )
        )


@contextmanager
def restore_drill(folder: Path, simulator: SimulatorProcess) -> Iterator[Drill]:
    """Start all of it, with a base backup that knows an account with money."""
    with ExitStack() as parts:
        server = parts.enter_context(restorable_postgres(folder / "postgres"))
        store = parts.enter_context(running_object_store(folder / "store"))
        secrets_dir = folder / "secrets"
        prepare_databases(server.postgres, secrets_dir)
        make_secrets(secrets_dir)
        for name in ("simulator", "simulator_disbursement", "simulator_orange"):
            own = simulator.secrets_dir / f"{name}_credentials"
            write_private(secrets_dir / own.name, own.read_text("utf-8"))
        write_private(secrets_dir / "s3_credentials", store.credentials.read_text("utf-8"))
        url = server.postgres.url("pay")
        owner = make_engine(url, secret_file=secrets_dir / "database_owner", pool_size=1)
        assert not migrate(owner).failed
        accounts = PostgresAccountStore(owner)
        operators = simulated_operators(simulator.url, now=datetime.now(UTC))
        ours = [accounts.keep_operator_account(each) for each in operators]
        database = Database(server.postgres, secrets_dir, *ours)
        database.look(UNHURRIED)
        account = Account(
            provision_account(
                ProvisionAccount.parse(
                    "Boutique Mballa", modes=["test"], language="fr", webhook_url=WEBHOOK_URL
                ),
                accounts,
                seal=Sealer(database.secret("webhook_sealing_key")).seal,
                pepper=database.secret("api_key_pepper"),
                origin=an_origin(),
            )
        )
        owner.dispose()
        (folder / "issuer").mkdir()
        issuer = parts.enter_context(Issuer(folder / "issuer"))
        environment = {
            **database.environment,
            **issuer.environment,
            "ENVIRONMENT": "local",
            "PUBLIC_BASE_URL": BASE_URL,
            # Where the stand-in believes us to listen, and nobody does: callbacks are never needed.
            "CALLBACK_BASE_URL": simulator.environment["CALLBACK_BASE_URL"],
            "PUBSUB_PROJECT": PROJECT,
            "PUBSUB_EMULATOR_HOST": "127.0.0.1:9",
            "S3_ENDPOINT_URL": store.endpoint_url,
            "S3_BUCKET": store.bucket,
        }
        parts.enter_context(function_process(environment, io.StringIO()))
        drill = Drill(
            server,
            database,
            account,
            issuer=issuer,
            simulator=simulator,
            store=store,
            environment=environment,
        )
        database.look(
            "UPDATE ledger_accounts SET balance = balance - :funds WHERE code = 'available'",
            account.test,
            funds=FUNDS,
        )
        yield drill
