"""Bugs that would pay twice, lose a payment, or book what did not happen."""

from typing import Final

from tests.seeded.bug import Bug, Edit

_PUBLISHER: Final = "tests/integration/test_publisher.py"

MONEY: Final = (
    Bug(
        "1",
        "commit after publish",
        (
            Edit(
                "shared/db/transaction.py",
                """            yield transaction
            run_simple(raw.driver_connection, "COMMIT")
""",
                """            yield transaction
            self.hand_on(transaction.messages)
            transaction.messages = []
            run_simple(raw.driver_connection, "COMMIT")
""",
            ),
        ),
        ("tests/integration/test_transaction.py::test_nothing_is_handed_on_before_its_commit",),
    ),
    Bug(
        "1b",
        "commit after publish, of a charge",
        (
            Edit(
                "shared/db/charges.py",
                """        use = idempotency
        try:
""",
                """        use = idempotency
        self._database.hand_on([message])
        try:
""",
            ),
        ),
        ("tests/integration/test_charges.py::test_a_charge_is_told_once_it_is_there",),
    ),
    Bug(
        "2",
        "publish without waiting",
        (
            Edit(
                "shared/messaging/publisher.py",
                """\
            answer = client.publish(request=request, timeout=TIMEOUT_SECONDS, retry=None)
        except Exception as error:
            raise PublishError(f"{topic}: {type(error).__name__}") from error
        if len(answer.message_ids) != len(group):
            raise PublishError(f"{topic}: {len(answer.message_ids)} of {len(group)} taken")
""",
                """            from concurrent.futures import ThreadPoolExecutor

            ThreadPoolExecutor(1).submit(
                client.publish, request=request, timeout=TIMEOUT_SECONDS, retry=None
            )
        except Exception as error:
            raise PublishError(f"{topic}: {type(error).__name__}") from error
""",
            ),
        ),
        (f"{_PUBLISHER}::test_an_unknown_topic_or_a_dead_server_is_a_publish_error",),
    ),
    Bug(
        "3",
        "ack before commit",
        (
            Edit(
                "shared/runtime/http.py",
                """            _handle(handler, envelope)
        except UndecodableError as failure:
""",
                """            threading.Thread(target=_handle, args=(handler, envelope)).start()
        except UndecodableError as failure:
""",
            ),
        ),
        ("tests/unit/test_http.py::test_a_push_is_asked_for_again_when_its_handler_raises",),
    ),
    Bug(
        "4",
        "inbox keyed by message id",
        (
            Edit(
                "shared/messaging/envelope.py",
                """        event_id=data.event_id,
        topic=topic,
""",
                """        event_id=envelope.message_id,
        topic=topic,
""",
            ),
        ),
        ("tests/unit/test_envelope.py",),
    ),
    Bug(
        "5",
        "retry payout on time-out with a new reference",
        (
            Edit(
                "shared/operations/submit_payout.py",
                "    return sender.send_payout(request, deadline=deadline)\n",
                """    answer = sender.send_payout(request, deadline=deadline)
    if isinstance(answer, Unknown):
        again = replace(request, reference=reference_of(f"{outgoing.id}again"))
        answer = sender.send_payout(again, deadline=deadline)
    return answer
""",
            ),
        ),
        ("tests/unit/test_submit_payout.py::test_silence_is_a_state_that_nobody_sends_again",),
    ),
    Bug(
        "6",
        "unknown becomes failed after an hour, of what goes out",
        (
            Edit(
                "shared/operations/settle_payout.py",
                "                return self._keep_unread(note)\n",
                """                if (now - payment.created_at).total_seconds() < 3600:
                    return self._keep_unread(note)
                move = self._given_up(payment, now)
""",
            ),
        ),
        ("tests/unit/test_settle_payout.py",),
    ),
    Bug(
        "6b",
        "unknown becomes failed after an hour, of a charge",
        (
            Edit(
                "shared/operations/settle_charge.py",
                """                again = absence.after_silence(attempt, note.next_check_at, now)
                return self._keep_unread(replace(note, next_check_at=again))
""",
                """                if (now - payment.created_at).total_seconds() < 3600:
                    again = absence.after_silence(attempt, note.next_check_at, now)
                    return self._keep_unread(replace(note, next_check_at=again))
                move = _failed(payment, read, ChargeEvent.NOT_RECEIVED, now=now)
""",
            ),
        ),
        ("tests/unit/test_settle_charge.py",),
    ),
    Bug(
        "7",
        "refund check outside the lock",
        (
            Edit(
                "shared/db/refund_statements.py",
                "WHERE id = :charge_id::text FOR UPDATE\n",
                "WHERE id = :charge_id::text\n",
            ),
        ),
        ("tests/integration/test_refunds.py::test_a_refund_counts_after_the_one_before_it",),
    ),
    Bug(
        "8",
        "cursor outbox",
        (
            Edit(
                "shared/db/scheduling.py",
                "    WHERE published_at IS NULL AND created_at < now() - interval '3 seconds'\n",
                """    WHERE created_at > (SELECT COALESCE(max(created_at), '-infinity')
                        FROM platform.outbox WHERE published_at IS NOT NULL)
      AND created_at < now() - interval '3 seconds'
""",
            ),
        ),
        ("tests/integration/test_scheduling.py::test_what_commits_late_is_not_passed_by",),
    ),
    Bug(
        "12",
        "idempotency scoped by key",
        (
            Edit(
                "shared/operations/create_charge.py",
                "        else IdempotencyUse(OPERATION, idempotency_key, command.fingerprint)\n",
                """        else IdempotencyUse(
            OPERATION, f"{caller.key_id}:{idempotency_key}", command.fingerprint
        )
""",
            ),
        ),
        ("tests/functions/test_create_charge.py::test_another_key_of_the_account_gets_the_answer",),
    ),
    Bug(
        "13",
        "answer cached before commit",
        (
            Edit(
                "shared/db/charges.py",
                'NOT_LOCKED: Final = "false"\n',
                'NOT_LOCKED: Final = "false"\n_ANSWERS: dict = {}\n',
            ),
            Edit(
                "shared/db/charges.py",
                """        use = idempotency
        try:
""",
                """        use = idempotency
        if use is not None:
            cached = (use.fingerprint, response)
            known = _ANSWERS.setdefault((self._tenant, use.operation, use.key), cached)
            if known is not cached:
                return replayed(use, *known)
        try:
""",
            ),
        ),
        ("tests/integration/test_charges.py::test_a_lock_held_elsewhere_stores_nothing",),
    ),
    Bug(
        "14",
        "409 treated as failure",
        (
            Edit(
                "shared/providers/mtn/judgement.py",
                '        return Accepted()  # "we already have it": the reference is ours alone\n',
                '        return Refused(table.get(code, OPERATOR_MISCONFIGURED), code or "409")\n',
            ),
        ),
        (
            "tests/unit/test_mtn_requester.py::test_each_answer_proves_what_the_table_says",
            "tests/unit/test_mtn_payouts.py::test_each_answer_proves_what_the_table_says",
        ),
    ),
    Bug(
        "17",
        "callback trusted",
        (
            Edit(
                "functions/receive_callback/main.py",
                """    if not is_known:
""",
                """    if is_known and b"SUCCESSFUL" in call.content:
        wiring.directory().believe(token_hash(call.path_params["token"]))
    if not is_known:
""",
            ),
            Edit(
                "shared/db/directory.py",
                "    def mark_published(self, ids: Sequence[str]) -> None:\n",
                '''    def believe(self, hashed: str) -> None:
        """Take a callback's word for it."""
        from shared.domain.account import Tenant

        account, livemode, object_id = self._one(
            Statement(
                "SELECT account_id, livemode, object_id FROM platform.callback_tokens"
                " WHERE token_hash = :hash::text"
            ),
            hash=hashed,
        )
        self._database.once(
            Tenant(account, livemode=livemode),
            Statement(
                "UPDATE charges SET status = 'succeeded', succeeded_at = now(),"
                " balance_transaction = 'txn_believed' WHERE id = :id::text"
            ),
            id=object_id,
        )

    def mark_published(self, ids: Sequence[str]) -> None:
''',
            ),
        ),
        ("tests/functions/test_receive_callback.py::test_no_body_is_believed",),
    ),
    Bug(
        "18",
        "status answer of another reference accepted, of a charge",
        (
            Edit(
                "shared/operations/settle_charge.py",
                "    if read.order is not None and not charge.id.endswith(read.order):\n",
                "    if read.order is not None and not read.order:\n",
            ),
        ),
        ("tests/unit/test_settle_charge.py",),
    ),
    Bug(
        "18b",
        "status answer of another reference accepted, of what goes out",
        (
            Edit(
                "shared/operations/settle_payout.py",
                "    if read.order is not None and not outgoing.id.endswith(read.order):\n",
                "    if read.order is not None and not read.order:\n",
            ),
        ),
        ("tests/unit/test_settle_payout.py",),
    ),
    Bug(
        "18c",
        "status answer of another reference accepted, since MTN's order is not read",
        (
            Edit(
                "shared/providers/mtn/judgement.py",
                "        order=notice.order,\n",
                "",
            ),
        ),
        (
            "tests/unit/test_mtn_reader.py::test_the_order_that_mtn_names_is_handed_on",
            "tests/unit/test_mtn_payout_reads.py::test_a_payout_is_read_whole",
        ),
    ),
    Bug(
        "23",
        "breaker counts business refusals",
        (
            Edit(
                "shared/operations/gate.py",
                """request_payment(request, deadline=deadline)
            failed = isinstance(answer, Unknown | NotSent) and is_failure(answer.reason)
""",
                """request_payment(request, deadline=deadline)
            failed = not isinstance(answer, Accepted)
""",
            ),
        ),
        ("tests/unit/test_gate.py::test_what_the_operator_says_is_an_answer",),
    ),
    Bug(
        "24",
        "dead letter replay without de-duplication",
        (
            Edit(
                "shared/db/charge_statements.py",
                """      AND NOT EXISTS (SELECT FROM consumed_messages
                      WHERE consumer = :consumer::text AND event_id = :message_id::text)
""",
                "      AND :consumer::text <> :message_id::text\n",
            ),
        ),
        (
            "tests/integration/test_resent_charges.py::test_the_one_resend_is_granted_once_and_used_once",
        ),
    ),
)
