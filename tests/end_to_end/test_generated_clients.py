"""Clients that others' generators make of openapi.json alone, on the whole system."""

import compileall
import importlib
import uuid
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any, Final

import pytest
from openapi_python_client import generate
from openapi_python_client.config import Config, ConfigFile, MetaType

from shared.contracts import OPENAPI_FILES
from tests.end_to_end.merchant import Merchant
from tests.file_samples import pdf
from tests.npm_packages import BUILD_SECONDS, INSTALL_SECONDS, RUN_SECONDS, build_typescript, run

DOCUMENT: Final = OPENAPI_FILES["en"]
TYPESCRIPT: Final = Path(__file__).parent / "typescript_client"
PHONE: Final = "+237670000001"
BYTES: Final = "application/octet-stream"
AS_BYTES: Final = dict.fromkeys(
    ("text/csv", "application/cbor", "application/pdf", "image/svg+xml", "*/*"), BYTES
)
"""What the generator has no word for of its own."""


@pytest.fixture(scope="module")
def python_client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of a Python client, of which a module can be imported."""
    place = tmp_path_factory.mktemp("generated")
    how = ConfigFile(post_hooks=[], content_type_overrides=AS_BYTES)
    folder = place / "pay_client"
    config = Config.from_sources(
        config_file=how,
        meta_type=MetaType.NONE,
        document_source=DOCUMENT,
        file_encoding="utf-8",
        overwrite=False,
        output_path=folder,
    )
    assert [(each.header, each.detail) for each in generate(config=config)] == []
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(place)
        yield folder


def test_a_python_client_is_made_whole(python_client: Path) -> None:
    """The generator leaves nothing out and complains of nothing, and all of it compiles."""
    assert compileall.compile_dir(python_client, quiet=1)


def test_a_python_client_charges_reads_and_is_refused(
    python_client: Path, sdk_merchant: Merchant
) -> None:
    """By its own classes: what comes back is a charge or an error, and a list holds charges."""
    assert python_client.is_dir()
    pay, models = (importlib.import_module(f"pay_client{each}") for each in ("", ".models"))
    reference = f"python-{uuid.uuid4()}"
    order = {
        "amount": 1500,
        "currency": "xaf",
        "payment_method": {"type": "mobile_money", "phone": PHONE},
        "reference": reference,
        "metadata": {"order": "7"},
    }
    with pay.AuthenticatedClient(sdk_merchant.base_url, sdk_merchant.secret_key) as client:
        wish = models.ChargeCreate.from_dict(order)
        made = _call("create_charge", client, body=wish, idempotency_key=reference)
        again = _call("create_charge", client, body=wish, idempotency_key=reference)
        read = _call("read_charge", client, id=made.id)
        listed = _call("list_charges", client, reference=reference)
        refused = _call(
            "create_charge", client, body=models.ChargeCreate.from_dict({**order, "amount": 0})
        )

    assert (type(made), made.amount, made.metadata["order"]) == (models.Charge, 1500, "7")
    assert again.id == read.id == made.id
    assert [each.id for each in listed.data] == [made.id]
    assert (type(refused), refused.error.code) == (models.Error, "amount_too_small")


def test_a_python_client_hands_in_a_file(python_client: Path, sdk_merchant: Merchant) -> None:
    """As bytes with a name and a type, which the contract calls binary."""
    assert python_client.is_dir()
    pay, models, types = (
        importlib.import_module(f"pay_client{each}") for each in ("", ".models", ".types")
    )
    content = types.File(BytesIO(pdf()), "rccm.pdf", "application/pdf")
    with pay.AuthenticatedClient(sdk_merchant.base_url, sdk_merchant.secret_key) as client:
        purpose = models.FilePurpose.BUSINESS_DOCUMENT
        wish = models.CreateFileBody(purpose=purpose, file=content)
        made = _call("create_file", client, "files", body=wish, idempotency_key=str(uuid.uuid4()))

    assert (type(made), made.filename, made.size) == (models.File, "rccm.pdf", len(pdf()))


def _call(operation: str, client: Any, tag: str = "charges", **parts: Any) -> Any:
    module = importlib.import_module(f"pay_client.api.{tag}.{operation}")
    return module.sync(client=client, **parts)


@pytest.mark.timeout(INSTALL_SECONDS + 2 * BUILD_SECONDS + RUN_SECONDS)
def test_a_typescript_client_charges_reads_and_is_refused(
    tmp_path: Path, sdk_merchant: Merchant
) -> None:
    """It compiles, strictly, against what the contract says, and finds it so."""
    script = build_typescript(TYPESCRIPT, DOCUMENT, tmp_path)
    seen = run(
        script,
        tmp_path / "node_modules",
        seconds=RUN_SECONDS,
        BASE_URL=sdk_merchant.base_url,
        SECRET_KEY=sdk_merchant.secret_key,
        REFERENCE=f"typescript-{uuid.uuid4()}",
    )

    assert seen["made"] == seen["read"]
    assert seen["listed"] == [seen["made"]]
    assert seen["refused"] == "amount_too_small"
