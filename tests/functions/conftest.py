"""The environment of a function's process, for this folder's tests alone, and one door each."""

import io
import sys
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Final

import pytest
from pg8000.native import Connection

from knative.local.postgres import connect
from knative.local.secret_files import write_private
from tests.database import Account, Database, MakeAccount
from tests.functions import orange_till, web_till
from tests.functions.door import Door
from tests.functions.press import Press
from tests.functions.process import function_process
from tests.functions.pushes import Issuer
from tests.functions.realm import Realm
from tests.functions.rows import Rows
from tests.functions.till import CREDENTIALS, Till
from tests.functions.webhooks import Merchant
from tests.mail_server import MailServer
from tests.object_store import RunningStore, running_object_store
from tests.pubsub_server import PROJECT
from tests.scripted_server import Play, ScriptedServer, Seen, answer

BASE_URL: Final = "https://api.example.cm"
MAIL_FROM: Final = "no-reply@pay.example"
NOBODY: Final = "127.0.0.1:9"

_STORED: Final = 'x-amz-version-id: v1\r\nETag: "e"\r\n'


@pytest.fixture(scope="package")
def issuer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Issuer]:
    """Who signs pushes, with its public keys at an address."""
    with Issuer(tmp_path_factory.mktemp("issuer")) as running:
        yield running


@pytest.fixture(scope="package")
def realm() -> Iterator[Realm]:
    """Who signs the tokens of people, with its public keys at an address."""
    with Realm() as running:
        yield running


@pytest.fixture(scope="package")
def logged() -> io.StringIO:
    """Every log line of the functions, from the first on."""
    return io.StringIO()


@pytest.fixture(autouse=True)
def faults_are_shown(logged: io.StringIO) -> Iterator[None]:
    """Write what the functions logged as errors beside the test that failed over it."""
    began = logged.tell()
    yield
    for line in logged.getvalue()[began:].splitlines():
        if '"level":"error"' in line:
            sys.stdout.write(f"{line}\n")


@pytest.fixture(scope="package")
def object_store() -> Iterator[ScriptedServer]:
    """An object store that each test tells by `script` what to answer.

    It forbids everything but to take something back, which keeps nobody's money from coming back.
    """
    with ScriptedServer(lambda seen: _taken_back(seen) or answer(403)) as server:
        yield server


def _taken_back(seen: Seen) -> Play | None:
    """Nothing was taken back before; whatever is, is kept."""
    if "/taken_back/" not in seen.path:
        return None
    return answer(404) if seen.method == "GET" else answer(200, extra=_STORED)


@pytest.fixture
def kept(object_store: ScriptedServer) -> Iterator[list[Seen]]:
    """Let the object store take everything; which intents it took."""
    forbidding, taken = object_store.script, []

    def take(seen: Seen) -> Play:
        if "/taken_back/" not in seen.path:
            taken.append(seen)
        return _taken_back(seen) or answer(200, extra=_STORED)

    object_store.script = take
    yield taken
    object_store.script = forbidding


@pytest.fixture(scope="package")
def mail_server() -> Iterator[MailServer]:
    """A mail server that each test tells what to answer; it takes everything."""
    with MailServer() as server:
        yield server


@pytest.fixture(scope="package")
def process(
    migrated: Database,
    issuer: Issuer,
    realm: Realm,
    *,
    object_store: ScriptedServer,
    mail_server: MailServer,
    logged: io.StringIO,
) -> Iterator[Mapping[str, str]]:
    """Make this process one of a function: its environment, and no part of it made before.

    No broker listens: what commits stays in the outbox, as while Pub/Sub is away.
    """
    environment = {
        **migrated.environment,
        **issuer.environment,
        **realm.environment,
        "ENVIRONMENT": "local",
        "PUBLIC_BASE_URL": BASE_URL,
        "CALLBACK_BASE_URL": BASE_URL,
        "PUBSUB_PROJECT": PROJECT,
        "PUBSUB_EMULATOR_HOST": NOBODY,
        "S3_ENDPOINT_URL": object_store.url,
        "S3_BUCKET": "receipts",
        "QUARANTINE_BUCKET": "quarantine",
        "REPORT_BUCKET": "reports",
        "SMTP_URL": f"smtp://127.0.0.1:{mail_server.port}",
        "MAIL_FROM": MAIL_FROM,
        "TEXT_FOLDER": str(migrated.secrets_dir.parent / "texts"),
        "WEBHOOK_ALLOW_LOOPBACK": "true",
    }
    write_private(migrated.secrets_dir / "simulator_credentials", CREDENTIALS)
    write_private(migrated.secrets_dir / "simulator_orange_credentials", orange_till.CREDENTIALS)
    write_private(migrated.secrets_dir / "simulator_orange_web_credentials", web_till.CREDENTIALS)
    write_private(migrated.secrets_dir / "simulator_disbursement_credentials", CREDENTIALS)
    write_private(migrated.secrets_dir / "s3_credentials", "access:secret")
    write_private(migrated.secrets_dir / "s3_quarantine_credentials", "access:secret")
    write_private(migrated.secrets_dir / "s3_upload_credentials", "access:secret")
    write_private(migrated.secrets_dir / "s3_report_credentials", "access:secret")
    write_private(migrated.secrets_dir / "s3_report_reader", "access:secret")
    write_private(migrated.secrets_dir / "smtp", "")
    write_private(migrated.secrets_dir / "keycloak_administration", "administration:secret")
    with function_process(environment, logged):
        yield environment


@pytest.fixture(scope="package")
def door(process: Mapping[str, str]) -> Callable[[str], Door]:
    """Return the door of a function by its name; each is loaded once."""
    assert process
    return cache(Door)


@pytest.fixture(scope="package")
def create_charge(door: Callable[[str], Door]) -> Door:
    """The door of create_charge."""
    return door("create_charge")


@pytest.fixture(scope="package")
def create_refund(door: Callable[[str], Door]) -> Door:
    """The door of create_refund."""
    return door("create_refund")


@pytest.fixture(scope="package")
def create_payout(door: Callable[[str], Door]) -> Door:
    """The door of create_payout."""
    return door("create_payout")


@pytest.fixture(scope="package")
def read_payments(door: Callable[[str], Door]) -> Door:
    """The door of read_payments."""
    return door("read_payments")


@pytest.fixture(scope="package")
def manage_account(door: Callable[[str], Door]) -> Door:
    """The door of manage_account."""
    return door("manage_account")


@pytest.fixture(scope="package")
def provision_account(door: Callable[[str], Door]) -> Door:
    """The door of provision_account."""
    return door("provision_account")


@pytest.fixture(scope="package")
def superuser(migrated: Database) -> Iterator[Connection]:
    """A connection past all rights, kept open."""
    postgres = migrated.postgres
    with connect(port=postgres.port, password=postgres.password, database="pay") as connection:
        yield connection


@pytest.fixture(scope="module")
def shop(make_account: MakeAccount) -> Account:
    """One account in both modes for the tests of a file, which leave each other's charges alone."""
    return make_account(live=True)


@pytest.fixture(scope="module")
def rows(superuser: Connection, shop: Account) -> Rows:
    """What is stored of the shop and on the platform."""
    return Rows(superuser, shop.tenants)


@pytest.fixture(scope="package")
def make_rows(superuser: Connection) -> Callable[[Account], Rows]:
    """Return what is stored of an account and on the platform."""
    return lambda account: Rows(superuser, account.tenants)


@pytest.fixture(scope="package")
def make_till(
    superuser: Connection, door: Callable[[str], Door], issuer: Issuer
) -> Callable[[Account], Till]:
    """Return a shop whose operator is scripted, to be entered."""
    return lambda account: Till(
        account, rows=Rows(superuser, (account.test,)), door=door, issuer=issuer
    )


@pytest.fixture
def till(make_till: Callable[[Account], Till], account: Account) -> Iterator[Till]:
    """Such a shop of the test's own."""
    with make_till(account) as ready:
        yield ready


@pytest.fixture
def merchant(till: Till, door: Callable[[str], Door]) -> Iterator[Merchant]:
    """A shop whose server takes everything."""
    with ScriptedServer(lambda _: answer(200)) as server:
        yield Merchant(till, door, server)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStore]:
    """A real store."""
    with running_object_store(tmp_path_factory.mktemp("object_store")) as store:
        yield store


@pytest.fixture
def press(till: Till, running: RunningStore) -> Press:
    """A shop of the test's own and its reports."""
    return Press(till, running)


@pytest.fixture
def receiver(till: Till) -> Iterator[ScriptedServer]:
    """The merchant's server, to which the shop's endpoint points."""
    with ScriptedServer(lambda _: answer(200)) as server:
        till.rows.run(
            f'UPDATE "{till.account.test.schema}".webhook_endpoints SET url = :url',
            url=f"{server.url}/hooks",
        )
        yield server
