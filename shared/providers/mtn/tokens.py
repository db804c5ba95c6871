"""What MTN's partner portal gives, and how a token is asked for with it."""

import base64
from dataclasses import dataclass

from shared.providers.tokens import TokenCall


@dataclass(frozen=True, slots=True, repr=False)
class MtnCredentials:
    """What MTN's partner portal gives for one product; never shown."""

    subscription_key: str
    api_user: str
    api_key: str

    def __repr__(self) -> str:
        return "MtnCredentials(…)"

    def token_call(self, product: str) -> TokenCall:
        """A POST without a body: a form-encoded grant meets the web firewall.

        The token is that product's alone: the others refuse it.
        """
        pair = base64.b64encode(f"{self.api_user}:{self.api_key}".encode()).decode()
        return TokenCall(
            f"/{product}/token/",
            {
                "Authorization": f"Basic {pair}",
                "Ocp-Apim-Subscription-Key": self.subscription_key,
            },
        )
