"""What Orange's contract gives, and how the bearer token of its WSO2 gateway is asked for."""

import base64
from dataclasses import dataclass
from typing import Final

from shared.providers.tokens import TokenCall

PATH: Final = "/token"


@dataclass(frozen=True, slots=True, repr=False)
class OrangeCredentials:
    """Consumer key and secret, API user and password, channel number and its PIN; never shown."""

    consumer_key: str
    consumer_secret: str
    api_user: str
    api_password: str
    channel_msisdn: str
    pin: str

    def __repr__(self) -> str:
        return "OrangeCredentials(…)"

    @property
    def token_call(self) -> TokenCall:
        """A form with the grant. The gateway gives the same token until it ends."""
        return TokenCall(
            PATH,
            {
                "Authorization": f"Basic {_pair(self.consumer_key, self.consumer_secret)}",
                "Content-Type": "application/x-www-form-urlencoded",
            },
            b"grant_type=client_credentials",
        )

    @property
    def x_auth_token(self) -> str:
        """The value of the header that goes with every other call."""
        return _pair(self.api_user, self.api_password)


def _pair(user: str, secret: str) -> str:
    return base64.b64encode(f"{user}:{secret}".encode()).decode()
