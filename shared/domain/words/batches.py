"""Batches of payouts, and lines of their files."""

from collections.abc import Mapping
from typing import Final

from shared.domain.words import Words

WORDS: Final[Mapping[str, Words]] = {
    "payout_batch_not_cancelable": Words(
        "The batch cannot be canceled",
        "Le lot ne peut être annulé",
        "No payout of the batch waits for its turn any more; it cannot be canceled.",
        "Plus aucun versement du lot n'attend son tour ; il ne peut être annulé.",
    ),
    "batch_invalid": Words(
        "Lines of the batch are not valid",
        "Des lignes du lot ne sont pas valables",
        "Nothing was taken: {count:error|errors}, line by line in “lines”.",
        "Rien n'a été pris en compte : {count:erreur|erreurs}, ligne par ligne dans « lines ».",
    ),
    "batch_empty": Words(
        "The batch is empty",
        "Le lot est vide",
        "A batch has one payout at least.",
        "Un lot compte au moins un versement.",
    ),
    "batch_too_large": Words(
        "The batch is too large",
        "Le lot est trop grand",
        "A batch has {limit} payouts at most.",
        "Un lot compte {limit} versements au plus.",
    ),
    "line_duplicate": Words(
        "The line is there twice",
        "La ligne figure deux fois",
        "Line {first} pays the same amount to the same number.",
        "La ligne {first} verse le même montant au même numéro.",
    ),
    "line_reference_duplicate": Words(
        "The reference is there twice",
        "La référence figure deux fois",
        "Line {first} has the same reference.",
        "La ligne {first} porte la même référence.",
    ),
    "csv_not_utf8": Words(
        "The file is not UTF-8",
        "Le fichier n'est pas en UTF-8",
        "From this line on the file is not text in UTF-8; please save it as CSV in UTF-8.",
        "À partir de cette ligne, le fichier n'est pas du texte en UTF-8 ; veuillez "
        "l'enregistrer en CSV UTF-8.",
    ),
    "csv_invalid": Words(
        "The file is not CSV",
        "Le fichier n'est pas du CSV",
        "A quotation mark in this line, or before it, is not closed or stands within a cell.",
        "Un guillemet de cette ligne, ou d'avant, n'est pas fermé ou se trouve dans une cellule.",
    ),
    "csv_separator": Words(
        "The cells are not separated by commas",
        "Les cellules ne sont pas séparées par des virgules",
        "The cells are separated by “{separator}”; please save the file with commas.",
        "Les cellules sont séparées par « {separator} » ; veuillez enregistrer le fichier "
        "avec des virgules.",
    ),
    "csv_column_unknown": Words(
        "The column is not known",
        "La colonne n'est pas connue",
        "“{column}” is no column; they are amount, phone, operator, name, reference, description.",
        "« {column} » n'est pas une colonne ; ce sont amount, phone, operator, name, reference, "
        "description.",
    ),
    "csv_column_twice": Words(
        "The column is there twice",
        "La colonne figure deux fois",
        "The column “{column}” is there twice.",
        "La colonne « {column} » figure deux fois.",
    ),
    "csv_column_missing": Words(
        "A column is missing",
        "Une colonne manque",
        "The column “{column}” is missing; the first row has the names of the columns.",
        "La colonne « {column} » manque ; la première ligne porte les noms des colonnes.",
    ),
    "csv_cells_differ": Words(
        "The line has another number of cells",
        "La ligne n'a pas le bon nombre de cellules",
        "The line has {count:cell|cells}, the first row {limit}.",
        "La ligne a {count:cellule|cellules}, la première {limit}.",
    ),
    "csv_formula": Words(
        "The cell is a formula",
        "La cellule est une formule",
        "No cell may begin as a formula does: =, +, -, @ or a tab.",
        "Aucune cellule ne peut commencer comme une formule : =, +, -, @ ou une tabulation.",
    ),
}
