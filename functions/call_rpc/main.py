"""The CBOR door: what merchants do by paths and JSON, by names and in one binary form."""

from shared.runtime import callers
from shared.runtime.doors import charges_together, methods
from shared.runtime.http import http_function
from shared.runtime.rpc import Methods
from shared.runtime.rpc_batch import Batches

_METHODS = Methods(
    methods.HANDLERS,
    recognise=callers.recognise,
    permit=callers.permit,
    admit=callers.admit,
    note=callers.note,
)
_BATCHES = Batches(_METHODS, {"create_charge": charges_together.create_together})

call_rpc = http_function(
    "call_rpc", {"call_rpc": _METHODS.call_one, "call_rpc_batch": _BATCHES.call_many}
)
