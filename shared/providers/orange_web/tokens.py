"""What Orange's contract of Web Payment gives, and how its bearer token is asked for."""

import base64
from dataclasses import dataclass
from typing import Final

from shared.providers.tokens import TokenCall

PATH: Final = "/oauth/v3/token"


@dataclass(frozen=True, slots=True, repr=False)
class OrangeWebCredentials:
    """Client id and secret, and the merchant key; never shown."""

    client_id: str
    client_secret: str
    merchant_key: str

    def __repr__(self) -> str:
        return "OrangeWebCredentials(…)"

    @property
    def token_call(self) -> TokenCall:
        """A form with the grant; how long the token lives is what the answer says."""
        pair = base64.b64encode(f"{self.client_id}:{self.client_secret}".encode()).decode()
        return TokenCall(
            PATH,
            {
                "Authorization": f"Basic {pair}",
                "Content-Type": "application/x-www-form-urlencoded",
            },
            b"grant_type=client_credentials",
        )
