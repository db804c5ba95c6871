"""Takes an operator's callback as a hint: keeps the visit, wakes the reader, answers."""

import hashlib

from shared.domain.errors import NotFound
from shared.domain.ids import new_id
from shared.domain.phone import Operator
from shared.operations.submit_charge import token_hash
from shared.runtime import wiring
from shared.runtime.crash import reached
from shared.runtime.http import Answer, Call, http_function


def receive(call: Call) -> Answer:
    """POST or PUT /callbacks/{provider}/{token}; nothing of the body is believed or kept."""
    provider = call.path_params["provider"]
    if provider not in tuple(Operator):
        raise NotFound("route_unknown")
    at_ms = int(wiring.now().timestamp() * 1000)
    reached("receive_callback.before_commit")
    is_known = wiring.directory().receive_callback(
        provider=provider,
        token_hash=token_hash(call.path_params["token"]),
        inbox_id=new_id("cb", at_ms),
        message_id=new_id("msg", at_ms),
        source=call.remote_address,
        body_hash=hashlib.sha256(call.content).hexdigest(),
        traceparent=call.traceparent,
    )
    if not is_known:
        raise NotFound("route_unknown")
    reached("receive_callback.after_commit")
    return Answer()


receive_callback = http_function("receive_callback", {"receive_callback": receive})
