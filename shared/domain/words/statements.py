"""Operators' statements as they are uploaded."""

from collections.abc import Mapping
from typing import Final

from shared.domain.words import Words

WORDS: Final[Mapping[str, Words]] = {
    "statement_known": Words(
        "The statement is known",
        "Le relevé est connu",
        "The same bytes were uploaded before, as {statement}.",
        "Les mêmes octets ont déjà été déposés, sous {statement}.",
    ),
    "statement_account_unknown": Words(
        "The account is not known",
        "Le compte n'est pas connu",
        "The statement is of an account (line {line}) that none of our operator accounts is called "
        "by.",
        "Le relevé est celui d'un compte (ligne {line}) dont aucun de nos comptes opérateur ne "
        "porte le nom.",
    ),
    "statement_version_unknown": Words(
        "The version cannot be read",
        "La version ne peut être lue",
        "Statements of the form “{version}” are not read for this account.",
        "Les relevés de la forme « {version} » ne sont pas lus pour ce compte.",
    ),
    "statement_encoding": Words(
        "The statement is not plain UTF-8",
        "Le relevé n'est pas en UTF-8 simple",
        "Line {line} holds bytes that are not UTF-8, a byte order mark or a NUL. Please upload the "
        "file as the operator gave it.",
        "La ligne {line} contient des octets qui ne sont pas de l'UTF-8, une marque d'ordre des "
        "octets ou un NUL. Veuillez déposer le fichier tel que l'opérateur l'a remis.",
    ),
    "statement_separator": Words(
        "The statement is not CSV with commas",
        "Le relevé n'est pas un CSV à virgules",
        "Line {line} has no cells that are separated by commas, or its quotes do not close.",
        "La ligne {line} n'a pas de cellules séparées par des virgules, ou ses guillemets ne se "
        "ferment pas.",
    ),
    "statement_cell_invalid": Words(
        "A cell cannot be read",
        "Une cellule ne peut être lue",
        "Line {line}, column “{column}”: this cannot stand there.",
        "Ligne {line}, colonne « {column} » : ceci ne peut s'y trouver.",
    ),
    "statement_incomplete": Words(
        "The statement is not whole",
        "Le relevé n'est pas entier",
        "The statement breaks off, or its last line does not agree with it (line {line}, column "
        "“{column}”).",
        "Le relevé s'interrompt, ou sa dernière ligne ne concorde pas avec lui (ligne {line}, "
        "colonne « {column} »).",
    ),
    "statement_too_long": Words(
        "The statement is too long",
        "Le relevé est trop long",
        "A statement has at most {limit} lines. Please upload fewer days at once.",
        "Un relevé a au plus {limit} lignes. Veuillez déposer moins de jours à la fois.",
    ),
    "statement_not_over": Words(
        "The statement is of days to come",
        "Le relevé est de jours à venir",
        "The first day of the statement (line {line}) has not begun yet.",
        "Le premier jour du relevé (ligne {line}) n'a pas encore commencé.",
    ),
}
