"""Balances and holders of wallets at MTN: read whole, or unknown."""

from dataclasses import replace

import pytest

from shared.domain.money import Currency, Money
from shared.operations.ports import Holder, Unknown
from shared.providers.mtn.accounts import MtnBalanceReader
from shared.providers.mtn.line import MtnLine
from tests.scripted_mtn import ACCOUNT, CREDENTIALS, HTML, ScriptedMtn, code, deadline
from tests.scripted_server import RESET, Play, answer
from tests.unit.mtn_payouts import MISSING, PAYEE

BALANCES: list[tuple[str, Play, object]] = [
    ("whole", answer(200, '{"availableBalance":"98500","currency":"XAF"}'), Money(98500)),
    ("number", answer(200, '{"availableBalance":0,"currency":"XAF"}'), Money(0)),
    ("zeros", answer(200, '{"availableBalance":"98500.00","currency":"XAF"}'), Money(98500)),
    (
        "other currency",
        answer(200, '{"availableBalance":"5","currency":"EUR"}'),
        Money(5, Currency("EUR")),
    ),
    (
        "not whole",
        answer(200, '{"availableBalance":"1.5","currency":"XAF"}'),
        Unknown("no_code_200"),
    ),
    (
        "below nothing",
        answer(200, '{"availableBalance":"-1","currency":"XAF"}'),
        Unknown("no_code_200"),
    ),
    ("no currency", answer(200, '{"availableBalance":"1"}'), Unknown("no_code_200")),
    ("error", answer(500, code("NOT_ALLOWED")), Unknown("NOT_ALLOWED_500")),
    ("page", answer(200, HTML, content_type="text/html"), Unknown("not_json_200")),
    ("reset", RESET, Unknown("connection_lost")),
]


@pytest.mark.parametrize(
    ("play", "expected"), [row[1:] for row in BALANCES], ids=[row[0] for row in BALANCES]
)
def test_a_balance_is_whole_or_unknown(play: Play, expected: object) -> None:
    """What cannot be compared with a ledger is never a number; another currency stays visible."""
    with ScriptedMtn(play) as mtn:
        assert mtn.balances.read_balance(deadline=deadline()) == expected

        assert [seen.path for seen in mtn.calls] == ["/mtn/disbursement/v1_0/account/balance"]


def test_each_product_has_a_balance_of_its_own() -> None:
    """A line of the collection product reads that product's, by its own key and token."""
    body = '{"availableBalance":"700","currency":"XAF"}'
    with ScriptedMtn(answer(200, body)) as mtn:
        account = replace(ACCOUNT, base_url=f"{mtn.server.url}/mtn")
        line = MtnLine(
            account,
            CREDENTIALS,
            wire=mtn.wire,
            clock=lambda: mtn.now,
            on_exchange=lambda *_: None,
        )

        assert MtnBalanceReader(line).read_balance(deadline=deadline()) == Money(700)

        assert [seen.path for seen in mtn.server.seen] == [
            "/mtn/collection/token/",
            "/mtn/collection/v1_0/account/balance",
        ]
        assert {seen.headers["ocp-apim-subscription-key"] for seen in mtn.server.seen} == {
            "sub-key"
        }


NAMED = answer(200, '{"name":"Sand Box","given_name":"Sand","family_name":"Box"}')
HOLDERS: list[tuple[str, list[Play], object]] = [
    ("active", [NAMED, answer(200, '{"result":true}')], Holder("Sand Box", is_active=True)),
    ("as text", [NAMED, answer(200, '{"result":"true"}')], Holder("Sand Box", is_active=True)),
    ("bare", [NAMED, answer(200, "true")], Holder("Sand Box", is_active=True)),
    ("not active", [NAMED, answer(200, '{"result":false}')], Holder("Sand Box", is_active=False)),
    ("gone meanwhile", [NAMED, MISSING], Holder("Sand Box", is_active=False)),
    ("state not said", [NAMED, answer(200, '{"result":"yes"}')], Holder("Sand Box")),
    ("state not read", [NAMED, answer(500, "{}")], Holder("Sand Box")),
    ("state cut off", [NAMED, RESET], Holder("Sand Box")),
    (
        "two names",
        [answer(200, '{"given_name":"Sand","family_name":"Box"}'), answer(200, '{"result":true}')],
        Holder("Sand Box", is_active=True),
    ),
    ("no wallet", [MISSING], Holder(None)),
    ("page", [answer(404, HTML, content_type="text/html")], Unknown("not_json_404")),
    ("gateway", [answer(404, '{"statusCode":404}')], Unknown("no_code_404")),
    ("no name", [answer(200, "{}")], Unknown("no_code_200")),
    ("error", [answer(500, code("NOT_ALLOWED"))], Unknown("NOT_ALLOWED_500")),
    ("reset", [RESET], Unknown("connection_lost")),
]


@pytest.mark.parametrize(
    ("plays", "expected"), [row[1:] for row in HOLDERS], ids=[row[0] for row in HOLDERS]
)
def test_a_holder_has_a_name_or_no_wallet_or_is_unknown(
    plays: list[Play], expected: object
) -> None:
    """Only MTN's own 404 says that there is no wallet; a state that is not read is not guessed."""
    with ScriptedMtn(*plays) as mtn:
        assert mtn.holders.read_holder(PAYEE, deadline=deadline()) == expected

        where = "/mtn/disbursement/v1_0/accountholder/msisdn/237670000001"
        assert [seen.path for seen in mtn.calls] == [
            f"{where}/basicuserinfo",
            f"{where}/active",
        ][: len(plays)]
