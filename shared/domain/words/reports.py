"""Words about reports."""

from collections.abc import Mapping
from typing import Final

from shared.domain.words import Words

WORDS: Final[Mapping[str, Words]] = {
    "report_interval_invalid": Words(
        "The report's interval is not possible",
        "La période du rapport n'est pas possible",
        "{param} must be after interval_start, by {limit} days at most, and not in the future.",
        "{param} doit être après interval_start, de {limit} jours au plus, et pas dans le futur.",
    ),
    "too_many_reports": Words(
        "Too many reports under way",
        "Trop de rapports en cours",
        "At most {limit} reports of a mode are made at the same time. Please wait until one has "
        "ended, or cancel one.",
        "Au plus {limit} rapports d'un mode sont faits en même temps. Veuillez attendre que l'un "
        "soit terminé, ou en annuler un.",
    ),
    "report_not_cancelable": Words(
        "The report cannot be canceled",
        "Le rapport ne peut pas être annulé",
        "The report has ended. Its file is removed after a week.",
        "Le rapport est terminé. Son fichier est retiré après une semaine.",
    ),
    "report_too_large": Words(
        "The report is too large",
        "Le rapport est trop grand",
        "So many rows do not fit into a file of this format.",
        "Autant de lignes ne tiennent pas dans un fichier de ce format.",
    ),
    "report_failed": Words(
        "The report could not be made",
        "Le rapport n'a pas pu être fait",
        "The report was begun several times and never came to its end.",
        "Le rapport a été commencé plusieurs fois et n'est jamais arrivé à sa fin.",
    ),
}
