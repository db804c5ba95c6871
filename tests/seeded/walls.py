"""Bugs that would show one tenant's rows to another, or let something in or out."""

from typing import Final

from tests.seeded.bug import Bug, Edit

_EGRESS: Final = "tests/integration/test_egress_sender.py"
_STORE: Final = "tests/integration/test_locked_store.py"

WALLS: Final = (
    Bug(
        "9",
        "search_path set for the session",
        (
            Edit(
                "shared/db/transaction.py",
                "    AND set_config('search_path', {path}, true) IS NOT NULL\n",
                "    AND set_config('search_path', {path}, false) IS NOT NULL\n",
            ),
        ),
        ("tests/integration/test_transaction.py::test_a_wall_stands_as_long_as_its_transaction",),
    ),
    Bug(
        "10",
        "AUTOCOMMIT read",
        (
            Edit(
                "shared/db/transaction.py",
                '    return f"BEGIN; {walls}"\n',
                "    return walls\n",
            ),
        ),
        ("tests/integration/test_transaction.py::test_a_wall_stands_as_long_as_its_transaction",),
    ),
    Bug(
        "11",
        "tenant from header",
        (
            Edit(
                "shared/runtime/callers.py",
                "    refuse_contradiction(caller.tenant, account=call.account, mode=call.mode)\n",
                """    if call.account is not None:
        from dataclasses import replace

        from shared.domain.account import Tenant

        tenant = Tenant(call.account, livemode=caller.tenant.livemode)
        caller = replace(caller, tenant=tenant)
""",
            ),
        ),
        ("tests/functions/test_people.py::test_a_key_is_not_moved_by_what_it_says_of_itself",),
    ),
    Bug(
        "19",
        "webhook follows redirects",
        (
            Edit(
                "shared/messaging/webhook_sender.py",
                '    exchange.retry_after = response.getheader("Retry-After")\n',
                '    exchange.retry_after = response.getheader("Retry-After")\n'
                '    exchange.location = response.getheader("Location")\n',
            ),
            Edit(
                "shared/messaging/webhook_sender.py",
                "        _receive(exchange, deadline)\n\n    def _head(",
                """        _receive(exchange, deadline)
        if exchange.status in {301, 302, 303, 307, 308} and exchange.location:
            onward = WebhookRequest(exchange.location, request.body, request.headers)
            self._attempt(onward, exchange, livemode=livemode, deadline=deadline)

    def _head(""",
            ),
        ),
        ("tests/integration/test_egress_sender.py::test_a_redirect_is_reported_and_not_followed",),
    ),
    Bug(
        "20",
        "DNS checked once, dialled again",
        (
            Edit(
                "shared/messaging/webhook_sender.py",
                "                sock = self._dial(address, destination.port, _left(connecting))\n",
                """                if not destination.is_plain:
                    address = self._resolve(destination.host, destination.port)[0]
                sock = self._dial(address, destination.port, _left(connecting))
""",
            ),
        ),
        (f"{_EGRESS}::test_a_rebinding_name_never_reaches_the_inside",),
    ),
    Bug(
        "21",
        "aud of a token unchecked",
        (
            Edit(
                "shared/runtime/tokens.py",
                "            audience=self._trust.audience,\n            issuer=",
                "            issuer=",
            ),
            Edit(
                "shared/runtime/tokens.py",
                '                "strict_aud": True,\n',
                '                "verify_aud": False,\n',
            ),
            Edit(
                "shared/runtime/tokens.py",
                '            and claims.get("aud") == trust.audience\n',
                "",
            ),
        ),
        ("tests/unit/test_tokens.py",),
    ),
    Bug(
        "22",
        "delete marker treated as missing receipt",
        (
            Edit(
                "shared/storage/locked_store.py",
                """\
            answer = self._s3().get_object(Bucket=self._bucket, Key=key, VersionId=version_id)
            return _whole_body(answer)
""",
                """\
            from botocore.exceptions import ClientError

            try:
                answer = self._s3().get_object(Bucket=self._bucket, Key=key)
            except ClientError as error:
                if status_of(error) != NOT_FOUND:
                    raise
                return b""
            return _whole_body(answer)
""",
            ),
        ),
        (f"{_STORE}::test_a_version_is_read_though_newer_ones_hide_it[delete_marker]",),
    ),
    Bug(
        "25",
        "MSISDN in exception text: what was sent stands in what is kept of a failure",
        (
            Edit(
                "shared/providers/mtn/submission.py",
                "        outcome = Unknown(error.reason)\n",
                '        outcome = Unknown(f"{error.reason}: {body.decode()}")\n',
            ),
        ),
        ("tests/unit/test_mtn_payouts.py::test_no_answer_in_time_is_unknown",),
    ),
    Bug(
        "25b",
        "MSISDN in exception text: logged as it comes",
        (
            Edit(
                "shared/runtime/logs.py",
                "            line[name] = _whole(redact(value[:longest]))\n",
                "            line[name] = _whole(value[:longest])\n",
            ),
        ),
        ("tests/unit/test_logs.py",),
    ),
)
