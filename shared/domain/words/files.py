"""Files that merchants hand in."""

from collections.abc import Mapping
from typing import Final

from shared.domain.words import Words

WORDS: Final[Mapping[str, Words]] = {
    "multipart_invalid": Words(
        "The form with the file is not valid",
        "Le formulaire du fichier n'est pas valable",
        "The body cannot be read as multipart/form-data. Please let a library write it, with its "
        "boundary in Content-Type.",
        "Le corps ne peut être lu comme multipart/form-data. Veuillez le faire écrire par une "
        "bibliothèque, avec sa limite (boundary) dans Content-Type.",
    ),
    "file_type_unsupported": Words(
        "The file is of no type that we take",
        "Le fichier n'est d'aucun type accepté",
        "The file is neither a PDF nor a PNG nor a JPEG. Please send it as one of these.",
        "Le fichier n'est ni un PDF, ni un PNG, ni un JPEG. Veuillez l'envoyer sous l'une de ces "
        "formes.",
    ),
    "file_type_mismatch": Words(
        "The file is not what it is called",
        "Le fichier n'est pas ce qu'il prétend être",
        "The file is of the type {found}, and its name or its declared type says otherwise.",
        "Le fichier est du type {found}, et son nom ou son type déclaré dit autre chose.",
    ),
    "file_malformed": Words(
        "The file is damaged, or more than one file",
        "Le fichier est abîmé, ou en contient un autre",
        "The file is cut off or damaged, or something stands before its beginning, behind its end "
        "or inside it. Please export it anew.",
        "Le fichier est coupé ou abîmé, ou quelque chose se trouve avant son début, après sa fin "
        "ou à l'intérieur. Veuillez l'exporter de nouveau.",
    ),
    "logo_unsuitable": Words(
        "The file cannot be a logo",
        "Le fichier ne peut être un logo",
        "A logo is a PNG or JPEG, in grey or RGB, of 512 kB and 1,000 pixels a side at most, "
        "handed in with the purpose “business_logo”.",
        "Un logo est un PNG ou un JPEG, en gris ou en RVB, de 512 ko et de 1 000 pixels de côté au "
        "plus, remis avec l'usage « business_logo ».",
    ),
    "files_too_many": Words(
        "Too many files today",
        "Trop de fichiers aujourd'hui",
        "An account may hand in {limit} files within a day. Please come again later.",
        "Un compte peut remettre {limit} fichiers par jour. Veuillez revenir plus tard.",
    ),
    "file_not_available": Words(
        "The file is not available",
        "Le fichier n'est pas disponible",
        "The status of the file is “{status}”; only what is available can be used.",
        "Le statut du fichier est « {status} » ; seul ce qui est disponible peut servir.",
    ),
}
