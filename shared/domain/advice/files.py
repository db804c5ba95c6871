"""Advice about files that merchants hand in."""

from collections.abc import Mapping
from typing import Final

from shared.domain.advice import Advice

ADVICE: Final[Mapping[str, Advice]] = {
    "multipart_invalid": Advice(
        ("400",),
        "Do not set Content-Type yourself: the library that writes the form knows its boundary.",
        "Ne fixez pas Content-Type vous-même : la bibliothèque qui écrit le formulaire connaît sa "
        "limite.",
    ),
    "file_type_unsupported": Advice(
        ("400",),
        "Print or export the document as PDF, or send a picture of it.",
        "Imprimez ou exportez le document en PDF, ou envoyez-en une image.",
    ),
    "file_type_mismatch": Advice(
        ("400",),
        "Give the file the extension of what it is, or declare no type.",
        "Donnez au fichier l'extension de ce qu'il est, ou ne déclarez aucun type.",
        "What the bytes are, and what the name or the declared type says, differ.",
        "Ce que sont les octets diffère de ce que dit le nom ou le type déclaré.",
    ),
    "file_malformed": Advice(
        ("400",),
        "Export the document anew; of a photo with motion or sound, send the still picture alone.",
        "Exportez de nouveau le document ; d'une photo animée ou sonore, n'envoyez que l'image.",
    ),
    "logo_unsuitable": Advice(
        ("400",),
        "Export the logo smaller, as PNG or as JPEG in RGB, and hand it in as `business_logo`.",
        "Exportez le logo en plus petit, en PNG ou en JPEG RVB, et remettez-le comme "
        "`business_logo`.",
    ),
    "files_too_many": Advice(
        ("429",),
        "Wait as long as Retry-After says; write to us if you need to hand in more.",
        "Attendez la durée de Retry-After ; écrivez-nous si vous devez en remettre davantage.",
        "The account has handed in as many files within a day as it may.",
        "Le compte a remis en un jour autant de fichiers qu'il le peut.",
    ),
    "file_not_available": Advice(
        ("400",),
        "Wait for the event file.available; what was refused has to be handed in anew.",
        "Attendez l'événement file.available ; ce qui a été refusé doit être remis de nouveau.",
        "The file is still quarantined, or was refused.",
        "Le fichier est encore en quarantaine, ou a été refusé.",
    ),
}
