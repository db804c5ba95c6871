"""Advice about payments that failed, whichever way their money went."""

from collections.abc import Mapping
from typing import Final

from shared.domain.advice import Advice

ADVICE: Final[Mapping[str, Advice]] = {
    "payer_not_found": Advice(
        ("failure_code",),
        "Ask the payer to check the number and the operator.",
        "Demandez au payeur de vérifier le numéro et l'opérateur.",
    ),
    "payer_limit_reached": Advice(
        ("failure_code",),
        "Ask for less, or on another day; the operator can raise the limit.",
        "Demandez moins, ou un autre jour ; l'opérateur peut relever le plafond.",
    ),
    "payer_declined": Advice(
        ("failure_code",),
        "Ask again only if the payer wants it, with a new charge.",
        "Ne redemandez que si le payeur le veut, par un nouveau paiement.",
    ),
    "payer_blocked": Advice(
        ("failure_code",),
        "Ask for another number; only the operator can unblock the account.",
        "Demandez un autre numéro ; seul l'opérateur peut débloquer le compte.",
    ),
    "insufficient_funds": Advice(
        ("failure_code",),
        "Ask the payer to top the wallet up, then make a new charge.",
        "Invitez le payeur à recharger, puis créez un nouveau paiement.",
    ),
    "expired": Advice(
        ("failure_code",),
        "Make a new charge when the payer is ready, with the phone at hand.",
        "Créez un nouveau paiement quand le payeur est prêt, téléphone en main.",
    ),
    "operator_misconfigured": Advice(
        ("failure_code",),
        "Nothing on your side; we put it right. Try another operator meanwhile.",
        "Rien de votre côté ; nous corrigeons. Essayez un autre opérateur d'ici là.",
    ),
    "operator_error": Advice(
        ("failure_code",),
        "Try again later; tell us the payment's id if it stays.",
        "Réessayez plus tard ; donnez-nous l'identifiant du paiement si cela dure.",
    ),
    "not_received": Advice(
        ("failure_code",),
        "Make a new payment; this one cannot be paid any more.",
        "Créez un nouveau paiement ; celui-ci ne peut plus être réglé.",
    ),
    "paid_otherwise": Advice(
        ("failure_code",),
        "Look at the late payment: accept it, or give it back.",
        "Consultez le paiement tardif : acceptez-le, ou remboursez-le.",
    ),
    "payee_not_found": Advice(
        ("failure_code",),
        "Check the number and the operator, then pay anew; the money is in your balance again.",
        "Vérifiez numéro et opérateur, puis reversez ; l'argent est revenu dans votre solde.",
    ),
    "payee_blocked": Advice(
        ("failure_code",),
        "Ask for another number; the money is in your balance again.",
        "Demandez un autre numéro ; l'argent est revenu dans votre solde.",
    ),
    "float_insufficient": Advice(
        ("failure_code",),
        "Nothing on your side; pay anew later. The money is in your balance again.",
        "Rien de votre côté ; reversez plus tard. L'argent est revenu dans votre solde.",
    ),
    "float_limit_reached": Advice(
        ("failure_code",),
        "Nothing on your side; pay anew tomorrow. The money is in your balance again.",
        "Rien de votre côté ; reversez demain. L'argent est revenu dans votre solde.",
    ),
}
