"""What the platform's own people do: cases, endings, bookings, moves of money."""

from collections.abc import Mapping
from typing import Final

from shared.domain.words import Words

WORDS: Final[Mapping[str, Words]] = {
    "move_not_possible": Words(
        "The move is not possible",
        "Le mouvement n'est pas possible",
        "No such wallet or account, of another mode, owner or operator, or twice the same.",
        "Portefeuille ou compte inconnu, d'un autre mode, propriétaire ou opérateur, "
        "ou deux fois le même.",
    ),
    "case_needed": Words(
        "The case is still needed",
        "Le dossier est encore nécessaire",
        "{object_id} has not ended, and nothing but this case looks after it. Please have it read "
        "again, or end it, first.",
        "{object_id} n'est pas terminé, et rien d'autre que ce dossier ne s'en occupe. Veuillez "
        "d'abord le faire relire ou y mettre fin.",
    ),
    "case_not_readable": Words(
        "There is no payment to read",
        "Il n'y a pas de paiement à relire",
        "The case is about nothing that stands in an account's books.",
        "Le dossier ne porte sur rien qui figure dans les livres d'un compte.",
    ),
    "dead_letter_unreadable": Words(
        "Nobody could read this message",
        "Personne n'a pu lire ce message",
        "It is none of ours, or does not say of which account and object: there is nothing to send "
        "again.",
        "Il n'est pas de nous, ou ne nomme ni compte ni objet : il n'y a rien à renvoyer.",
    ),
    "dead_letter_replayed": Words(
        "It was sent again already",
        "Il a déjà été renvoyé",
        "A message that was sent again cannot be set aside. Should it fail again, it is another "
        "letter.",
        "Un message renvoyé ne peut être écarté. S'il échoue encore, c'en est un autre.",
    ),
    "ending_not_possible": Words(
        "This cannot be ended by hand",
        "Ceci ne peut être terminé à la main",
        "Only an open case of a refund or a payout that was sent and has not ended can lead there.",
        "Seul un dossier ouvert d'un remboursement ou d'un paiement sortant envoyé et non terminé "
        "peut y mener.",
    ),
    "ending_too_early": Words(
        "It is too early to end this",
        "Il est trop tôt pour terminer ceci",
        "24 hours must have passed since it was sent.",
        "24 heures doivent s'être écoulées depuis son envoi.",
    ),
    "ending_unread": Words(
        "The operator has not said that it knows nothing of it",
        "L'opérateur n'a pas dit qu'il n'en sait rien",
        "No read of it has ever found nothing at the operator. Please have it read first.",
        "Aucune lecture n'est restée sans résultat chez l'opérateur. Veuillez d'abord le faire "
        "relire.",
    ),
    "ending_in_statement": Words(
        "A statement has it",
        "Un relevé le contient",
        "A line of the operator's statement tells of it: the money may have moved.",
        "Une ligne du relevé de l'opérateur en fait état : l'argent a pu être versé.",
    ),
    "ending_not_covered": Words(
        "No statement covers it yet",
        "Aucun relevé ne le couvre encore",
        "The operator's statements of the day it was sent and of the day after must be uploaded "
        "and processed first.",
        "Les relevés de l'opérateur du jour de l'envoi et du lendemain doivent d'abord être "
        "déposés et traités.",
    ),
    "access_open": Words(
        "An access is open",
        "Un accès est ouvert",
        "Your access {access} to this account and mode is open. Please use it, or end it first.",
        "Votre accès {access} à ce compte et ce mode est ouvert. "
        "Veuillez l'utiliser, ou d'abord y mettre fin.",
    ),
    "booking_not_possible": Words(
        "This cannot be booked",
        "Cette écriture est impossible",
        "What it is about does not stand so, or an account that it names would not bear it.",
        "L'objet visé ne le permet pas, ou l'un des comptes nommés ne peut le supporter.",
    ),
    "booking_not_in_statement": Words(
        "No statement has it",
        "Aucun relevé ne le mentionne",
        "No statement of this operator account has this transaction with this amount.",
        "Aucun relevé de ce compte opérateur ne porte cette transaction avec ce montant.",
    ),
    "booked_already": Words(
        "It is booked already",
        "L'écriture existe déjà",
        "This transaction of the operator's stands in the account's books already.",
        "Cette transaction de l'opérateur figure déjà dans les livres du compte.",
    ),
}
