"""Advice about what the platform's own people do: cases, endings, bookings, moves of money."""

from collections.abc import Mapping
from typing import Final

from shared.domain.advice import Advice

ADVICE: Final[Mapping[str, Advice]] = {
    "move_not_possible": Advice(
        ("400",),
        "Name two different wallets of one operator, owner and mode.",
        "Nommez deux portefeuilles différents du même opérateur, propriétaire et mode.",
    ),
    "case_needed": Advice(
        ("400",),
        "Have the payment read again, or propose its ending, then close the case.",
        "Faites relire le paiement, ou proposez sa fin, puis fermez le dossier.",
        "The payment has not ended, and nothing but this case looks after it.",
        "Le paiement n'est pas terminé, et rien d'autre que ce dossier ne s'en occupe.",
    ),
    "case_not_readable": Advice(
        ("400",),
        "Nothing is to be read here: look at the case's details, then close it.",
        "Il n'y a rien à relire : examinez les détails du dossier, puis fermez-le.",
    ),
    "dead_letter_unreadable": Advice(
        ("400",),
        "Have a developer look at it, then set it aside with a reason.",
        "Faites-le examiner par un développeur, puis écartez-le avec un motif.",
    ),
    "dead_letter_replayed": Advice(
        ("400",),
        "Read the letter: who had it sent again, and when.",
        "Lisez-le : qui l'a fait renvoyer, et quand.",
    ),
    "ending_not_possible": Advice(
        ("400",),
        "Read the case: it must be open and about a refund or payout under way.",
        "Lisez le dossier : il doit être ouvert et porter sur un envoi en cours.",
    ),
    "ending_too_early": Advice(
        ("400",),
        "Wait until a day has passed since the sending, then propose again.",
        "Attendez un jour après l'envoi, puis proposez de nouveau.",
    ),
    "ending_unread": Advice(
        ("400",),
        "Ask for a check of the case and wait for its outcome, then propose again.",
        "Demandez une relecture du dossier et attendez son résultat, puis reproposez.",
    ),
    "ending_in_statement": Advice(
        ("400",),
        "Do not end it by hand: book what the statement says.",
        "N'y mettez pas fin à la main : enregistrez ce que dit le relevé.",
    ),
    "ending_not_covered": Advice(
        ("400",),
        "Upload the operator's statements of those two days, then propose again.",
        "Déposez les relevés de l'opérateur de ces deux jours, puis reproposez.",
    ),
    "access_open": Advice(
        ("400",),
        "Use the access that is open, or end it and open another.",
        "Utilisez l'accès ouvert, ou terminez-le et ouvrez-en un autre.",
        "You have an open access to this account and mode already.",
        "Vous avez déjà un accès ouvert à ce compte et ce mode.",
    ),
    "booking_not_possible": Advice(
        ("400",),
        "Read what the booking names: its state, amount and account must bear it.",
        "Lisez ce que l'écriture nomme : état, montant et compte doivent la permettre.",
    ),
    "booking_not_in_statement": Advice(
        ("400",),
        "Upload the statement that has the transaction, or correct its id or amount.",
        "Déposez le relevé qui la contient, ou corrigez son identifiant ou son montant.",
    ),
    "booked_already": Advice(
        ("400",),
        "Nothing is left to do: look it up among the account's balance transactions.",
        "Il n'y a rien à faire : retrouvez-la parmi les mouvements du compte.",
    ),
}
