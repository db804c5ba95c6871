"""Words about webhook endpoints and what is sent to them."""

from collections.abc import Mapping
from typing import Final

from shared.domain.words import Words

WORDS: Final[Mapping[str, Words]] = {
    "event_type_unknown": Words(
        "The event type is not known",
        "Le type d'événement n'est pas connu",
        "{param} is no event type, no family of types such as charge.*, and not *.",
        "{param} n'est ni un type d'événement, ni une famille de types comme charge.*, ni *.",
    ),
    "too_many_webhook_endpoints": Words(
        "Too many webhook endpoints",
        "Trop de points de réception de webhooks",
        "An account may have {limit} webhook endpoints per mode. Please delete one first.",
        "Un compte peut avoir {limit} points de réception de webhooks par mode. "
        "Veuillez d'abord en supprimer un.",
    ),
    "too_many_webhook_secrets": Words(
        "Too many webhook secrets",
        "Trop de secrets de webhook",
        "At most {limit} former secrets may sign at the same time. Please wait until one has "
        "ended, or end them all with overlap_seconds 0.",
        "Au plus {limit} anciens secrets peuvent signer en même temps. Veuillez attendre que l'un "
        "prenne fin, ou les terminer tous avec overlap_seconds 0.",
    ),
    "webhook_endpoint_disabled": Words(
        "The webhook endpoint is disabled",
        "Le point de réception de webhooks est désactivé",
        "Nothing is sent to a disabled endpoint. Please enable it first with disabled: false.",
        "Rien n'est envoyé à un point désactivé. Veuillez d'abord l'activer avec disabled: false.",
    ),
}
