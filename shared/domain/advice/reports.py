"""Advice about reports."""

from collections.abc import Mapping
from typing import Final

from shared.domain.advice import Advice

ADVICE: Final[Mapping[str, Advice]] = {
    "report_interval_invalid": Advice(
        ("400",),
        "Take an end after the start and not after now; ask for a long time in several reports.",
        "Prenez une fin après le début et pas après maintenant ; demandez une longue période en "
        "plusieurs rapports.",
        "The stretch of time ends before it begins, is too long, or is not over.",
        "La période finit avant de commencer, est trop longue ou n'est pas passée.",
    ),
    "too_many_reports": Advice(
        ("400",),
        "Wait until one has ended, or cancel one that you no longer need.",
        "Attendez que l'un soit terminé, ou annulez-en un qui ne sert plus.",
        "As many reports of this mode are under way as may be at the same time.",
        "Autant de rapports de ce mode sont en cours qu'il peut y en avoir en même temps.",
    ),
    "report_not_cancelable": Advice(
        ("400",),
        "Nothing needs to be done.",
        "Il n'y a rien à faire.",
    ),
    "report_too_large": Advice(
        ("failure_code",),
        "Ask for a shorter time, or for csv.",
        "Demandez une période plus courte, ou le format csv.",
    ),
    "report_failed": Advice(
        ("failure_code",),
        "Ask for it again; if it fails again, write to us with its id.",
        "Redemandez-le ; s'il échoue encore, écrivez-nous avec son identifiant.",
    ),
}
