"""Advice about operators' statements as they are uploaded."""

from collections.abc import Mapping
from typing import Final

from shared.domain.advice import Advice

ADVICE: Final[Mapping[str, Advice]] = {
    "statement_known": Advice(
        ("400",),
        "Nothing is left to do: read the statement that the message names.",
        "Il n'y a rien à faire : lisez le relevé que le message nomme.",
        "The same bytes were uploaded before.",
        "Les mêmes octets ont déjà été déposés.",
    ),
    "statement_account_unknown": Advice(
        ("400",),
        "Look whether the file is of one of our accounts, or record the account first.",
        "Vérifiez que le fichier est d'un de nos comptes, ou enregistrez d'abord ce compte.",
        "The statement is of an account that none of our operator accounts is called by.",
        "Le relevé est celui d'un compte dont aucun de nos comptes opérateur ne porte le nom.",
    ),
    "statement_version_unknown": Advice(
        ("400",),
        "Ask the operator for the form that is read, or have the new one taught to us.",
        "Demandez à l'opérateur la forme connue, ou faites ajouter la nouvelle.",
        "Statements of this form are not read for this account.",
        "Les relevés de cette forme ne sont pas lus pour ce compte.",
    ),
    "statement_encoding": Advice(
        ("400",),
        "Upload the file as the operator gave it; do not save it anew in a spreadsheet.",
        "Déposez le fichier tel que reçu ; ne l'enregistrez pas depuis un tableur.",
        "A line holds bytes that are not UTF-8, a byte order mark or a NUL.",
        "Une ligne contient des octets non UTF-8, une marque d'ordre des octets ou un NUL.",
    ),
    "statement_separator": Advice(
        ("400",),
        "Upload the file as the operator gave it, with commas between cells.",
        "Déposez le fichier tel que reçu, avec des virgules entre les cellules.",
        "A line has no cells that are separated by commas, or its quotes do not close.",
        "Une ligne n'a pas de cellules séparées par des virgules, ou un guillemet reste ouvert.",
    ),
    "statement_cell_invalid": Advice(
        ("400",),
        "Look at the line and column that the message names, and ask the operator.",
        "Regardez la ligne et la colonne nommées, et demandez à l'opérateur.",
        "A cell holds something that cannot stand there.",
        "Une cellule contient ce qui ne peut s'y trouver.",
    ),
    "statement_incomplete": Advice(
        ("400",),
        "Fetch the file once more: it broke off on its way, or was changed.",
        "Récupérez de nouveau le fichier : il s'est interrompu ou a été modifié.",
        "The statement breaks off, or its last line does not agree with it.",
        "Le relevé s'interrompt, ou sa dernière ligne ne concorde pas avec lui.",
    ),
    "statement_too_long": Advice(
        ("400",),
        "Ask the operator for fewer days at once, and upload one file after the other.",
        "Demandez moins de jours à la fois, et déposez les fichiers l'un après l'autre.",
        "The statement has more lines than may be uploaded at once.",
        "Le relevé a plus de lignes que permis en un dépôt.",
    ),
    "statement_not_over": Advice(
        ("400",),
        "Upload the statement once its days have come; check the dates in the file.",
        "Déposez le relevé une fois ses jours venus ; vérifiez les dates du fichier.",
        "The first day of the statement has not begun yet.",
        "Le premier jour du relevé n'a pas encore commencé.",
    ),
}
