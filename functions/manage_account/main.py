"""What a merchant configures and sees of itself: keys, team, account, and who is signed in."""

from shared.runtime import callers
from shared.runtime.doors import keys, own_account, people, settlements, team
from shared.runtime.http import http_function

manage_account = http_function(
    "manage_account",
    {
        **keys.HANDLERS,
        **own_account.HANDLERS,
        **people.HANDLERS,
        **settlements.HANDLERS,
        **team.HANDLERS,
    },
    authenticate=callers.authenticate,
    identify=callers.identify,
    admit=callers.admit,
)
