"""Why a payment failed that was begun, whichever way its money went."""

from collections.abc import Mapping
from typing import Final

from shared.domain.words import Words

WORDS: Final[Mapping[str, Words]] = {
    "payer_not_found": Words(
        "The payer has no account",
        "Le payeur n'a pas de compte",
        "This number has no active mobile money account with the operator.",
        "Ce numéro n'a pas de compte mobile money actif chez l'opérateur.",
    ),
    "payer_limit_reached": Words(
        "The payer's limit is reached",
        "Le plafond du payeur est atteint",
        "The payer has reached a limit set by the operator.",
        "Le payeur a atteint un plafond fixé par l'opérateur.",
    ),
    "payer_declined": Words(
        "The payer declined",
        "Le payeur a refusé",
        "The payer declined the payment or entered a wrong PIN.",
        "Le payeur a refusé le paiement ou saisi un mauvais code secret.",
    ),
    "payer_blocked": Words(
        "The payer's account is blocked",
        "Le compte du payeur est bloqué",
        "The operator has blocked the payer's account. The payer should contact the operator.",
        "L'opérateur a bloqué le compte du payeur. Le payeur doit contacter son opérateur.",
    ),
    "insufficient_funds": Words(
        "The payer's balance is too low",
        "Le solde du payeur est insuffisant",
        "The payer's mobile money balance does not cover the amount and its fees.",
        "Le solde mobile money du payeur ne couvre pas le montant et ses frais.",
    ),
    "expired": Words(
        "The payer did not answer in time",
        "Le payeur n'a pas répondu à temps",
        "The payer did not approve the payment in time.",
        "Le payeur n'a pas validé le paiement à temps.",
    ),
    "operator_misconfigured": Words(
        "The operator account is not set up",
        "Le compte opérateur est mal configuré",
        "The operator refused our account. No money has moved; we have been told.",
        "L'opérateur a refusé notre compte. Aucun montant n'a été débité ; "
        "nous en sommes informés.",
    ),
    "operator_error": Words(
        "The operator reported an error",
        "L'opérateur a signalé une erreur",
        "The operator could not carry out the payment. No money has moved.",
        "L'opérateur n'a pas pu exécuter le paiement. Aucun montant n'a été débité.",
    ),
    "not_received": Words(
        "The operator did not receive the request",
        "L'opérateur n'a pas reçu la demande",
        "The request did not reach the operator. No money has moved; you may try again.",
        "La demande n'est pas parvenue à l'opérateur. Aucun montant n'a été débité ; "
        "vous pouvez réessayer.",
    ),
    "paid_otherwise": Words(
        "Something else was paid",
        "Un autre montant a été payé",
        "The operator took another amount, or it came from somebody else. It is kept as a late "
        "payment.",
        "L'opérateur a encaissé un autre montant, ou d'une autre personne. Il est gardé comme "
        "paiement tardif.",
    ),
    "payee_not_found": Words(
        "The number has no account",
        "Le numéro n'a pas de compte",
        "This number has no active mobile money account with the operator. Nothing was paid.",
        "Ce numéro n'a pas de compte mobile money actif chez l'opérateur. Rien n'a été versé.",
    ),
    "payee_blocked": Words(
        "The account cannot receive money",
        "Le compte ne peut pas recevoir d'argent",
        "The operator has blocked this account, or it has reached a limit. Nothing was paid.",
        "L'opérateur a bloqué ce compte, ou son plafond est atteint. Rien n'a été versé.",
    ),
    "float_insufficient": Words(
        "The operator account lacks funds",
        "Le compte opérateur n'est pas assez approvisionné",
        "Our account at the operator did not cover this amount. Nothing was paid; we have been "
        "told.",
        "Notre compte chez l'opérateur ne couvrait pas ce montant. Rien n'a été versé ; "
        "nous en sommes informés.",
    ),
    "float_limit_reached": Words(
        "The operator account's limit is reached",
        "Le plafond du compte opérateur est atteint",
        "Our account at the operator has reached a limit. Nothing was paid; we have been told.",
        "Notre compte chez l'opérateur a atteint un plafond. Rien n'a été versé ; "
        "nous en sommes informés.",
    ),
}

# Codes that a charge can fail with too, in words about money that goes back.
OF_REFUNDS: Final[Mapping[str, Words]] = {
    "not_received": Words(
        "The operator did not receive the refund",
        "L'opérateur n'a pas reçu le remboursement",
        "The operator knows nothing of the refund, and its statement lacks it. Nothing was paid; "
        "the whole amount is in your balance again.",
        "L'opérateur ne connaît pas le remboursement, et son relevé ne le contient pas. Rien n'a "
        "été versé ; le montant entier est de nouveau dans votre solde.",
    ),
    "operator_unavailable": Words(
        "The refund could not be sent",
        "Le remboursement n'a pas pu être envoyé",
        "The refund could not be sent in time. Nothing was paid; the whole amount is in your "
        "balance again.",
        "Le remboursement n'a pas pu être envoyé à temps. Rien n'a été versé ; "
        "le montant entier est de nouveau dans votre solde.",
    ),
    "expired": Words(
        "The refund expired",
        "Le remboursement a expiré",
        "The operator did not carry out the refund in time. Nothing was paid; the whole amount is "
        "in your balance again.",
        "L'opérateur n'a pas exécuté le remboursement à temps. Rien n'a été versé ; "
        "le montant entier est de nouveau dans votre solde.",
    ),
    "operator_misconfigured": Words(
        "The operator account is not set up",
        "Le compte opérateur est mal configuré",
        "The operator refused our account. Nothing was paid; we have been told.",
        "L'opérateur a refusé notre compte. Rien n'a été versé ; nous en sommes informés.",
    ),
    "operator_error": Words(
        "The operator reported an error",
        "L'opérateur a signalé une erreur",
        "The operator could not carry out the refund. Nothing was paid; the whole amount is in "
        "your balance again.",
        "L'opérateur n'a pas pu exécuter le remboursement. Rien n'a été versé ; "
        "le montant entier est de nouveau dans votre solde.",
    ),
}

# The same about money that a merchant sends.
OF_PAYOUTS: Final[Mapping[str, Words]] = {
    "not_received": Words(
        "The operator did not receive the payout",
        "L'opérateur n'a pas reçu le versement",
        "The operator knows nothing of the payout, and its statement lacks it. Nothing was paid; "
        "all of it is in your balance again.",
        "L'opérateur ne connaît pas le versement, et son relevé ne le contient pas. Rien n'a été "
        "versé ; tout est de nouveau dans votre solde.",
    ),
    "operator_unavailable": Words(
        "The payout could not be sent",
        "Le versement n'a pas pu être envoyé",
        "The payout could not be sent in time. Nothing was paid; all of it is in your balance "
        "again.",
        "Le versement n'a pas pu être envoyé à temps. Rien n'a été versé ; "
        "tout est de nouveau dans votre solde.",
    ),
    "expired": Words(
        "The payout expired",
        "Le versement a expiré",
        "The operator did not carry out the payout in time. Nothing was paid; all of it is in your "
        "balance again.",
        "L'opérateur n'a pas exécuté le versement à temps. Rien n'a été versé ; "
        "tout est de nouveau dans votre solde.",
    ),
    "operator_misconfigured": OF_REFUNDS["operator_misconfigured"],
    "operator_error": Words(
        "The operator reported an error",
        "L'opérateur a signalé une erreur",
        "The operator could not carry out the payout. Nothing was paid; all of it is in your "
        "balance again.",
        "L'opérateur n'a pas pu exécuter le versement. Rien n'a été versé ; "
        "tout est de nouveau dans votre solde.",
    ),
}
