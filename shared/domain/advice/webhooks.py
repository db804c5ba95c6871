"""Advice about webhook endpoints and what is sent to them."""

from collections.abc import Mapping
from typing import Final

from shared.domain.advice import Advice

ADVICE: Final[Mapping[str, Advice]] = {
    "event_type_unknown": Advice(
        ("400",),
        "Take the types from the list of events in the reference.",
        "Prenez les types dans la liste des événements de la référence.",
        "An endpoint asks for a type of events that does not exist.",
        "Un point de réception demande un type d'événement qui n'existe pas.",
    ),
    "too_many_webhook_endpoints": Advice(
        ("400",),
        "Delete an endpoint that you no longer use, or have one receive more types.",
        "Supprimez un point qui ne sert plus, ou faites-en recevoir plus de types à un autre.",
        "The account has as many webhook endpoints in this mode as it may have.",
        "Le compte a dans ce mode autant de points de réception de webhooks qu'il peut en avoir.",
    ),
    "too_many_webhook_secrets": Advice(
        ("400",),
        "Wait until an overlap is over, or rotate with overlap_seconds 0.",
        "Attendez la fin d'un chevauchement, ou renouvelez avec overlap_seconds 0.",
        "As many former secrets of this endpoint sign already as may do so at the same time.",
        "Autant d'anciens secrets de ce point signent déjà qu'il en peut signer en même temps.",
    ),
    "webhook_endpoint_disabled": Advice(
        ("400",),
        "Update the endpoint with disabled: false, then call again.",
        "Modifiez le point avec disabled: false, puis recommencez.",
    ),
}
