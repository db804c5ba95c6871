"""Charges, refunds and payouts: amount, number, operator and state."""

from collections.abc import Mapping
from typing import Final

from shared.domain.words import Words

WORDS: Final[Mapping[str, Words]] = {
    "amount_missing": Words(
        "The amount is missing",
        "Le montant manque",
        "Please give the amount in whole francs.",
        "Veuillez indiquer le montant en francs entiers.",
    ),
    "amount_invalid": Words(
        "The amount is not valid",
        "Le montant n'est pas valable",
        "amount must be a whole number of francs, 1 or more.",
        "amount doit être un nombre entier de francs, au moins 1.",
    ),
    "amount_not_whole": Words(
        "The amount is not a whole number",
        "Le montant n'est pas un nombre entier",
        "amount must be a whole number of francs: 100 means 100 FCFA.",
        "amount doit être un nombre entier de francs : 100 signifie 100 FCFA.",
    ),
    "amount_too_small": Words(
        "The amount is too small",
        "Le montant est trop petit",
        "The amount must be at least {limit} FCFA.",
        "Le montant doit être d'au moins {limit} FCFA.",
    ),
    "amount_below_fees": Words(
        "The fees exceed the amount",
        "Les frais dépassent le montant",
        "The fees and taxes of this payment come to {limit} FCFA, more than its amount.",
        "Les frais et taxes de ce paiement s'élèvent à {limit} FCFA, plus que son montant.",
    ),
    "amount_too_large": Words(
        "The amount is too large",
        "Le montant est trop élevé",
        "The amount must be at most {limit} FCFA.",
        "Le montant ne peut dépasser {limit} FCFA.",
    ),
    "currency_unsupported": Words(
        "The currency is not supported",
        "La devise n'est pas prise en charge",
        "Only the currency xaf is supported.",
        "Seule la devise xaf est prise en charge.",
    ),
    "checkout_complete": Words(
        "The checkout is paid",
        "La page de paiement est payée",
        "This checkout was paid; nothing is left to expire.",
        "Cette page de paiement a été payée ; il n'y a plus rien à clore.",
    ),
    "payment_method_missing": Words(
        "The payment method is missing",
        "Le moyen de paiement manque",
        "Please give payment_method with its type and phone.",
        "Veuillez indiquer payment_method avec type et phone.",
    ),
    "destination_missing": Words(
        "The destination is missing",
        "La destination manque",
        "Please say whom to pay: destination[type] and destination[phone].",
        "Veuillez indiquer qui payer : destination[type] et destination[phone].",
    ),
    "destination_type_unsupported": Words(
        "The kind of destination is not supported",
        "Ce type de destination n'est pas pris en charge",
        "destination[type] must be mobile_money.",
        "destination[type] doit être mobile_money.",
    ),
    "payment_method_type_unsupported": Words(
        "The payment method is not supported",
        "Le moyen de paiement n'est pas pris en charge",
        "payment_method[type] must be mobile_money.",
        "payment_method[type] doit être mobile_money.",
    ),
    "phone_missing": Words(
        "The phone number is missing",
        "Le numéro de téléphone manque",
        "Please give the payer's phone number in payment_method[phone].",
        "Veuillez indiquer le numéro du payeur dans payment_method[phone].",
    ),
    "phone_invalid": Words(
        "The phone number is not valid",
        "Le numéro de téléphone n'est pas valable",
        "The phone number must have nine digits, with or without +237 before them.",
        "Le numéro de téléphone doit avoir neuf chiffres, précédés ou non de +237.",
    ),
    "phone_foreign": Words(
        "The phone number is not Cameroonian",
        "Le numéro n'est pas camerounais",
        "Only phone numbers of Cameroon (+237) are accepted.",
        "Seuls les numéros du Cameroun (+237) sont acceptés.",
    ),
    "phone_not_mobile": Words(
        "The phone number is not a mobile number",
        "Le numéro n'est pas un numéro mobile",
        "A mobile number of Cameroon begins with 6.",
        "Un numéro mobile camerounais commence par 6.",
    ),
    "phone_blocked": Words(
        "The number is blocked",
        "Le numéro est bloqué",
        "This number can neither be asked for payments nor be paid.",
        "Ce numéro ne peut être ni sollicité pour un paiement, ni payé.",
    ),
    "operator_unknown": Words(
        "Unknown operator",
        "Opérateur inconnu",
        "payment_method[operator] must be mtn or orange.",
        "payment_method[operator] doit être mtn ou orange.",
    ),
    "operator_not_served": Words(
        "The operator is not served",
        "L'opérateur n'est pas desservi",
        "Your account has no contract with {operator} in this mode.",
        "Votre compte n'a pas de contrat avec {operator} dans ce mode.",
    ),
    "operator_undetermined": Words(
        "The operator cannot be told",
        "L'opérateur ne peut être déterminé",
        "The number does not show its operator. Please give payment_method[operator].",
        "Le numéro n'indique pas son opérateur. Veuillez indiquer payment_method[operator].",
    ),
    "operator_unavailable": Words(
        "The operator is unavailable",
        "L'opérateur est indisponible",
        "The operator does not answer us at the moment. No money has moved; please try later.",
        "L'opérateur ne nous répond pas pour l'instant. Aucun montant n'a été débité ; "
        "veuillez réessayer plus tard.",
    ),
    "charge_not_cancelable": Words(
        "The charge cannot be canceled",
        "Le paiement ne peut être annulé",
        "The payer has already been asked, or the charge has ended; it cannot be canceled.",
        "Le payeur a déjà été sollicité, ou le paiement est terminé ; il ne peut être annulé.",
    ),
    "payout_not_cancelable": Words(
        "The payout cannot be canceled",
        "Le versement ne peut être annulé",
        "The payout is being sent, or has ended; it cannot be canceled.",
        "Le versement est en cours d'envoi, ou terminé ; il ne peut être annulé.",
    ),
    "approval_not_open": Words(
        "The approval is not open",
        "L'approbation n'est plus ouverte",
        "Nobody needs to approve this, it has been decided or canceled, or its time is over.",
        "Ceci ne demande aucune approbation, a déjà été tranché ou annulé, ou son délai est "
        "écoulé.",
    ),
    "approval_changed": Words(
        "It is not what was seen",
        "Ce n'est pas ce qui a été vu",
        "What is to be approved differs from what you have seen. Please look again.",
        "Ce qui est à approuver diffère de ce que vous avez vu. Veuillez l'examiner de nouveau.",
    ),
    "payout_words_bound": Words(
        "The words of this payout are bound",
        "Les mots de ce versement sont liés",
        "What is said of a payout that must be approved, or is a line of a batch, does not change.",
        "Ce qui est dit d'un versement à approuver, ou d'une ligne d'un lot, ne change pas.",
    ),
    "charge_without_number": Words(
        "The charge names no number to give the money back to",
        "Le paiement ne nomme aucun numéro à rembourser",
        "It was paid on the operator's page, which does not say by whom. Make a payout instead.",
        "Il a été fait sur la page de l'opérateur, qui ne dit pas par qui. Faites un versement.",
    ),
    "phone_not_taken": Words(
        "No number is taken here",
        "Aucun numéro n'est attendu ici",
        "A payer who is redirected gives the number on the operator's page. Leave out {param}.",
        "Un payeur redirigé donne son numéro sur la page de l'opérateur. Omettez {param}.",
    ),
    "redirect_unsupported": Words(
        "The operator has no page to redirect to",
        "L'opérateur n'a pas de page où rediriger",
        "Only Orange Money can be paid on the operator's page.",
        "Seul Orange Money peut être payé sur la page de l'opérateur.",
    ),
    "late_payment_decided": Words(
        "The late payment is decided",
        "Le paiement tardif a déjà été traité",
        "This payment was accepted, or is being given back; that cannot be changed.",
        "Ce paiement a été accepté, ou il est en cours de remboursement ; on ne peut y revenir.",
    ),
    "late_payment_unknown_payer": Words(
        "Nobody knows who paid",
        "Le payeur est inconnu",
        "The operator's statement does not say who paid. Please ask us what can be done.",
        "Le relevé de l'opérateur n'indique pas qui a payé. Veuillez nous demander que faire.",
    ),
    "charge_not_refundable": Words(
        "The charge cannot be refunded",
        "Le paiement ne peut être remboursé",
        "Only a charge that was paid, and of which something is left, can be refunded.",
        "Seul un paiement réussi, dont il reste une part, peut être remboursé.",
    ),
    "balance_insufficient": Words(
        "The balance is too low",
        "Le solde est insuffisant",
        "The available balance does not cover this amount.",
        "Le solde disponible ne couvre pas ce montant.",
    ),
}
