"""What a merchant keeps and sets up: keys, team, customers, endpoints, pages that ask for money."""

from shared.runtime import callers
from shared.runtime.doors import (
    keys,
    merchant_customers,
    own_account,
    payment_pages,
    people,
    reports,
    settlements,
    stream_tickets,
    team,
    test_clock,
    webhook_endpoints,
)
from shared.runtime.http import http_function

manage_account = http_function(
    "manage_account",
    {
        **keys.HANDLERS,
        **merchant_customers.HANDLERS,
        **own_account.HANDLERS,
        **payment_pages.HANDLERS,
        **people.HANDLERS,
        **reports.HANDLERS,
        **settlements.HANDLERS,
        **stream_tickets.HANDLERS,
        **team.HANDLERS,
        **test_clock.HANDLERS,
        **webhook_endpoints.HANDLERS,
    },
    authenticate=callers.authenticate,
    identify=callers.identify,
    admit=callers.admit,
    note=callers.note,
)
