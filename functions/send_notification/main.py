"""Tells people by mail or text message what they must know."""

from shared.operations.send_notification import send_notification as send
from shared.runtime import logs, mailing, metrics
from shared.runtime.http import Push, push_function


def handle(push: Push) -> None:
    """Claim, send, record; what cannot be sent now comes again."""
    handled = send(push.message, store=mailing.store(), how=mailing.sending())
    metrics.count_notification(handled.kind, handled.outcome)
    note = logs.warning if handled.reason else logs.info
    note(
        "notification_handled",
        object_id=push.message.object_id,
        operation=handled.kind,
        outcome=handled.outcome,
        reason=handled.reason or None,
    )


send_notification = push_function("send_notification", handle)
