"""What the gateway says by itself, where no function saw the request: words and advice."""

from collections.abc import Mapping
from typing import Final

from shared.domain.advice import Advice
from shared.domain.words import Words

WORDS: Final[Mapping[str, Words]] = {
    "request_invalid": Words(
        "The request is not valid HTTP",
        "La requête n'est pas du HTTP valide",
        "The gateway could not read the request, so nobody has seen it.",
        "La passerelle n'a pas pu lire la requête ; personne ne l'a vue.",
    ),
    "request_timeout": Words(
        "The request took too long to arrive",
        "La requête a mis trop de temps à arriver",
        "Head or body of the request did not arrive in time, so nobody has seen it.",
        "L'en-tête ou le corps n'est pas arrivé à temps ; personne n'a vu la requête.",
    ),
    "headers_too_large": Words(
        "The headers are too large",
        "Les en-têtes sont trop grands",
        "The headers hold more than 32 KiB, or are more than 100.",
        "Les en-têtes dépassent 32 Kio, ou sont plus de 100.",
    ),
    "service_unavailable": Words(
        "The service cannot be reached",
        "Le service est injoignable",
        "The service did not take the request, or its answer was lost on the way.",
        "Le service n'a pas pris la requête, ou sa réponse s'est perdue en route.",
    ),
    "gateway_timeout": Words(
        "The service did not answer in time",
        "Le service n'a pas répondu à temps",
        "The request reached the service; what became of it is not known here.",
        "La requête est parvenue au service ; ce qu'il en est n'est pas connu ici.",
    ),
}
_SEND_AGAIN_EN: Final = "Send it again with the same idempotency key: nothing is done twice."
_SEND_AGAIN_FR: Final = "Renvoyez-la avec la même clé d'idempotence : rien n'est fait deux fois."
ADVICE: Final[Mapping[str, Advice]] = {
    "request_invalid": Advice(
        ("400", "501"),
        "Let an HTTP library write the request.",
        "Faites écrire la requête par une bibliothèque HTTP.",
    ),
    "request_timeout": Advice(("408",), _SEND_AGAIN_EN, _SEND_AGAIN_FR),
    "headers_too_large": Advice(
        ("431",),
        "Send fewer or shorter headers; cookies are not needed.",
        "Envoyez des en-têtes moins nombreux ou plus courts ; les cookies sont inutiles.",
    ),
    "service_unavailable": Advice(("503",), _SEND_AGAIN_EN, _SEND_AGAIN_FR),
    "gateway_timeout": Advice(("504",), _SEND_AGAIN_EN, _SEND_AGAIN_FR),
}
