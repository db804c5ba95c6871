"""Advice about batches of payouts, and lines of their files."""

from collections.abc import Mapping
from typing import Final

from shared.domain.advice import Advice

ADVICE: Final[Mapping[str, Advice]] = {
    "payout_batch_not_cancelable": Advice(
        ("400",),
        "Read the batch: its payouts have been sent, or have ended.",
        "Lisez le lot : ses versements sont envoyés ou terminés.",
    ),
    "batch_invalid": Advice(
        ("400",),
        "Correct each line that lines names, and send the whole batch again.",
        "Corrigez chaque ligne nommée dans lines, et renvoyez le lot entier.",
        "Lines of the batch are wrong, so nothing of it was taken.",
        "Des lignes du lot sont erronées ; rien n'en a été pris.",
    ),
    "batch_empty": Advice(
        ("400",),
        "Send at least one payout; in a file, one line below the names of the columns.",
        "Envoyez au moins un versement ; dans un fichier, une ligne sous les noms de colonnes.",
    ),
    "batch_too_large": Advice(
        ("400",),
        "Split the batch, each part with a key of its own.",
        "Divisez le lot, chaque partie avec sa propre clé.",
        "The batch has more payouts than one may have.",
        "Le lot a plus de versements que permis.",
    ),
    "line_duplicate": Advice(
        ("lines",),
        "Remove the line; where it is meant, change the amount or send it by itself.",
        "Retirez la ligne ; si elle est voulue, changez le montant ou envoyez-la à part.",
        "An earlier line pays the same amount to the same number.",
        "Une ligne précédente verse le même montant au même numéro.",
    ),
    "line_reference_duplicate": Advice(
        ("lines",),
        "Give each line a reference of its own, or none.",
        "Donnez à chaque ligne sa propre référence, ou aucune.",
        "An earlier line has the same reference.",
        "Une ligne précédente porte la même référence.",
    ),
    "csv_not_utf8": Advice(
        ("lines",),
        "Save the file as “CSV UTF-8” in your spreadsheet.",
        "Enregistrez le fichier en « CSV UTF-8 » dans votre tableur.",
    ),
    "csv_invalid": Advice(
        ("lines",),
        "Close each quotation mark, and double those within a cell.",
        "Fermez chaque guillemet, et doublez ceux d'une cellule.",
    ),
    "csv_separator": Advice(
        ("lines",),
        "Save the file with commas between the cells.",
        "Enregistrez le fichier avec des virgules entre les cellules.",
        "The cells are separated by something else than commas.",
        "Les cellules sont séparées par autre chose que des virgules.",
    ),
    "csv_column_unknown": Advice(
        ("lines",),
        "Use amount, phone, operator, name, reference and description, and no other column.",
        "Utilisez amount, phone, operator, name, reference et description, sans autre colonne.",
        "The first row names a column that does not exist.",
        "La première ligne nomme une colonne qui n'existe pas.",
    ),
    "csv_column_twice": Advice(
        ("lines",),
        "Remove one of the two columns.",
        "Retirez l'une des deux colonnes.",
        "The first row names a column twice.",
        "La première ligne nomme deux fois une colonne.",
    ),
    "csv_column_missing": Advice(
        ("lines",),
        "Put the names of the columns into the first row, amount and phone among them.",
        "Mettez les noms des colonnes en première ligne, dont amount et phone.",
        "A column that each payout needs is not there.",
        "Une colonne indispensable manque.",
    ),
    "csv_cells_differ": Advice(
        ("lines",),
        "Put texts with commas between quotation marks, and leave empty cells empty.",
        "Mettez entre guillemets les textes à virgules, et laissez vides les cellules vides.",
        "The line has another number of cells than the first row.",
        "La ligne n'a pas autant de cellules que la première.",
    ),
    "csv_formula": Advice(
        ("lines",),
        "Take the sign at the start of the cell away; phone numbers may begin with +237.",
        "Ôtez le signe en tête de cellule ; un numéro peut commencer par +237.",
    ),
}
