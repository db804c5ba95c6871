"""Advice about charges, refunds and payouts: amount, number, operator and state."""

from collections.abc import Mapping
from typing import Final

from shared.domain.advice import Advice

ADVICE: Final[Mapping[str, Advice]] = {
    "amount_missing": Advice(
        ("400", "lines"),
        "Send amount as a whole number: 1500 is 1,500 FCFA.",
        "Envoyez amount en nombre entier : 1500 vaut 1 500 FCFA.",
    ),
    "amount_invalid": Advice(
        ("400", "lines"),
        "Send a JSON number without quotes, sign, point or exponent.",
        "Envoyez un nombre JSON sans guillemets, signe, virgule ni exposant.",
    ),
    "amount_not_whole": Advice(
        ("400", "lines"),
        "Round in your own books first; do not multiply by 100.",
        "Arrondissez d'abord dans vos comptes ; ne multipliez pas par 100.",
    ),
    "amount_too_small": Advice(
        ("400", "lines"),
        "Ask for at least the limit that the message names.",
        "Demandez au moins la limite que le message nomme.",
        "The amount is below the least that can be paid.",
        "Le montant est inférieur au minimum payable.",
    ),
    "amount_below_fees": Advice(
        ("400",),
        "Ask for more than the fees and taxes that the message names.",
        "Demandez plus que les frais et taxes que le message nomme.",
        "The fees and taxes of this payment come to more than its amount.",
        "Les frais et taxes de ce paiement dépassent son montant.",
    ),
    "amount_too_large": Advice(
        ("400", "lines"),
        "Split the payment, or stay below the limit that the message names.",
        "Divisez le paiement, ou restez sous la limite que le message nomme.",
        "The amount is above the most that can be paid at once.",
        "Le montant dépasse le maximum payable en une fois.",
    ),
    "currency_unsupported": Advice(
        ("400",),
        "Send currency: xaf, in lower case.",
        "Envoyez currency: xaf, en minuscules.",
    ),
    "checkout_complete": Advice(
        ("400",),
        "Read the checkout; refund its charge if it should not have been paid.",
        "Lisez la page de paiement ; remboursez son encaissement si elle ne devait pas être payée.",
    ),
    "payment_method_missing": Advice(
        ("400",),
        "Send payment_method with type mobile_money and the payer's phone.",
        "Envoyez payment_method avec type mobile_money et le numéro du payeur.",
    ),
    "destination_missing": Advice(
        ("400", "lines"),
        "Send destination with type mobile_money and the phone to pay.",
        "Envoyez destination avec type mobile_money et le numéro à payer.",
    ),
    "destination_type_unsupported": Advice(
        ("400", "lines"),
        "Send destination[type]: mobile_money.",
        "Envoyez destination[type]: mobile_money.",
    ),
    "payment_method_type_unsupported": Advice(
        ("400",),
        "Send payment_method[type]: mobile_money; cards are not taken.",
        "Envoyez payment_method[type]: mobile_money ; les cartes ne sont pas acceptées.",
    ),
    "phone_missing": Advice(
        ("400", "lines"),
        "Send the number in E.164, such as +237670000000, or its nine digits.",
        "Envoyez le numéro en E.164, comme +237670000000, ou ses neuf chiffres.",
    ),
    "phone_invalid": Advice(
        ("400", "lines"),
        "Remove letters and extensions; ask the payer for all nine digits.",
        "Retirez lettres et postes ; demandez les neuf chiffres au payeur.",
    ),
    "phone_foreign": Advice(
        ("400", "lines"),
        "Ask for a wallet of MTN or Orange in Cameroon.",
        "Demandez un portefeuille MTN ou Orange au Cameroun.",
    ),
    "phone_not_mobile": Advice(
        ("400", "lines"),
        "Ask for the number of the phone that holds the wallet.",
        "Demandez le numéro du téléphone qui porte le portefeuille.",
    ),
    "phone_blocked": Advice(
        ("400", "lines"),
        "Do not ask this number again; its holder may write to us.",
        "Ne sollicitez plus ce numéro ; son titulaire peut nous écrire.",
    ),
    "operator_unknown": Advice(
        ("400", "lines"),
        "Send mtn or orange in lower case, or leave the field out.",
        "Envoyez mtn ou orange en minuscules, ou omettez le champ.",
    ),
    "operator_not_served": Advice(
        ("400", "lines"),
        "Ask us for a contract with this operator, or use a number of another.",
        "Demandez-nous un contrat avec cet opérateur, ou un numéro d'un autre.",
        "The account has no contract with this operator in this mode.",
        "Le compte n'a pas de contrat avec cet opérateur dans ce mode.",
    ),
    "operator_undetermined": Advice(
        ("400", "lines"),
        "Ask the payer which operator it is, and send it.",
        "Demandez au payeur quel est son opérateur, et envoyez-le.",
    ),
    "operator_unavailable": Advice(
        ("503", "failure_code"),
        "Look at /v1/operators, and try again when the operator takes payments.",
        "Consultez /v1/operators, et réessayez quand l'opérateur prend les paiements.",
    ),
    "charge_not_cancelable": Advice(
        ("400",),
        "Read the charge; once it is paid it can be refunded.",
        "Lisez le paiement ; une fois réglé, il peut être remboursé.",
    ),
    "payout_not_cancelable": Advice(
        ("400",),
        "Read the payout until it has ended; money that arrived does not come back by itself.",
        "Lisez le versement jusqu'à sa fin ; l'argent arrivé ne revient pas de lui-même.",
    ),
    "approval_not_open": Advice(
        ("400",),
        "Read it again: its status tells how it was decided.",
        "Relisez l'objet : son statut dit comment il a été tranché.",
    ),
    "approval_changed": Advice(
        ("400",),
        "Read it again, and approve with the content_sha256 of what you see now.",
        "Relisez l'objet, et approuvez avec le content_sha256 de ce que vous voyez.",
    ),
    "payout_words_bound": Advice(
        ("400",),
        "An approval holds for the very words that were seen. Keep later ones beside its id.",
        "Une approbation vaut pour les mots mêmes qui ont été vus. Gardez les suivants à côté de "
        "son identifiant.",
    ),
    "charge_without_number": Advice(
        ("400",),
        "Ask the payer for a number, and pay it out to there.",
        "Demandez un numéro au payeur, et versez-lui le montant.",
    ),
    "phone_not_taken": Advice(
        ("400",),
        "Send flow: redirect without a phone, or a phone without flow.",
        "Envoyez flow: redirect sans numéro, ou un numéro sans flow.",
        "A payer who is redirected gives the number on the operator's page.",
        "Un payeur redirigé donne son numéro sur la page de l'opérateur.",
    ),
    "redirect_unsupported": Advice(
        ("400",),
        "Leave flow out, and send the payer's phone.",
        "Omettez flow, et envoyez le numéro du payeur.",
    ),
    "late_payment_decided": Advice(
        ("400",),
        "Read the late payment: its status tells what was decided.",
        "Lisez le paiement tardif : son statut dit ce qui a été décidé.",
    ),
    "late_payment_unknown_payer": Advice(
        ("400",),
        "Accept it, or write to us with what you know of the payer.",
        "Acceptez-le, ou écrivez-nous ce que vous savez du payeur.",
    ),
    "charge_not_refundable": Advice(
        ("400",),
        "Read the charge: status must be succeeded, and amount_refunded below amount.",
        "Lisez le paiement : status succeeded, et amount_refunded inférieur à amount.",
    ),
    "balance_insufficient": Advice(
        ("400",),
        "Read /v1/balance; wait until money is available, or send less.",
        "Lisez /v1/balance ; attendez des fonds disponibles, ou envoyez moins.",
    ),
}
