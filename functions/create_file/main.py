"""Takes files that merchants hand in, and leads to those that were looked through."""

from shared.runtime import callers
from shared.runtime.doors import files
from shared.runtime.http import http_function

create_file = http_function(
    "create_file",
    files.HANDLERS,
    authenticate=callers.authenticate,
    admit=callers.admit,
    note=callers.note,
)
