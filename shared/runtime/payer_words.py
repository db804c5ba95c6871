"""What a payer is told where the catalogue speaks to a merchant; all else is the catalogue's."""

from collections.abc import Mapping
from typing import Final

from shared.domain.errors import Refusal
from shared.domain.language import text

AGAIN: Final = (
    "This form is out of date. Please send it once more.",
    "Ce formulaire n'est plus à jour. Veuillez l'envoyer une nouvelle fois.",
)
_CLOSED: Final = (
    "This shop cannot take payments at the moment. Nothing was asked of you.",
    "Cette boutique ne peut pas encaisser pour l'instant. Rien ne vous a été demandé.",
)
_FULL: Final = (
    "This shop can take no more payments today. Nothing was asked of you.",
    "Cette boutique ne peut plus encaisser aujourd'hui. Rien ne vous a été demandé.",
)
_OF_PAYERS: Final[Mapping[str, tuple[str, str]]] = {
    "parameter_invalid": AGAIN,
    "phone_missing": (
        "Please type the number of the phone that is to pay.",
        "Veuillez saisir le numéro du téléphone qui paie.",
    ),
    "amount_missing": (
        "Please type the amount in whole francs.",
        "Veuillez saisir le montant en francs entiers.",
    ),
    "amount_invalid": (
        "Please type the amount in whole francs: digits alone.",
        "Veuillez saisir le montant en francs entiers : des chiffres seuls.",
    ),
    "operator_undetermined": (
        "This number does not show its operator. Please choose it.",
        "Ce numéro n'indique pas son opérateur. Veuillez le choisir.",
    ),
    "operator_unknown": (
        "Please choose the number's operator.",
        "Veuillez choisir l'opérateur du numéro.",
    ),
    "operator_not_served": (
        "This shop takes no payments from this operator. Please use another number.",
        "Cette boutique n'encaisse pas auprès de cet opérateur. Veuillez utiliser un autre numéro.",
    ),
    "account_suspended": _CLOSED,
    "charges_disabled": _CLOSED,
    "amount_below_fees": _CLOSED,
    "account_count_reached": _FULL,
    "account_amount_reached": _FULL,
    "key_count_reached": _FULL,
    "key_amount_reached": _FULL,
}
_FIELDS: Final[Mapping[str, str]] = {
    "phone": "phone",
    "payment_method[phone]": "phone",
    "operator": "operator",
    "payment_method[operator]": "operator",
    "amount": "amount",
}


def refusal_text(refusal: Refusal, language: str) -> str:
    """Return why a payment was not begun, as its payer is told."""
    own = _OF_PAYERS.get(refusal.code)
    if own is None:
        return text(refusal.code, language, **refusal.values)
    return own[1] if language == "fr" else own[0]


def field_of(refusal: Refusal) -> str | None:
    """Return which field of the form is at fault, None where none is."""
    return _FIELDS.get(refusal.param or "")
