"""The request as it stands: address, body, parameters, idempotency key, webhook addresses."""

from collections.abc import Mapping
from typing import Final

from shared.domain.words import Words

WORDS: Final[Mapping[str, Words]] = {
    "route_unknown": Words(
        "No such address",
        "Adresse inconnue",
        "There is nothing at this address. Please check the path.",
        "Il n'y a rien à cette adresse. Veuillez vérifier le chemin.",
    ),
    "method_not_allowed": Words(
        "Method not allowed",
        "Méthode non autorisée",
        "This address accepts only: {allow}.",
        "Cette adresse n'accepte que : {allow}.",
    ),
    "body_too_large": Words(
        "The request is too large",
        "La requête est trop volumineuse",
        "The body of a request may hold at most {limit} bytes.",
        "Le corps d'une requête ne peut dépasser {limit} octets.",
    ),
    "content_type_unsupported": Words(
        "The content type is not supported",
        "Le type de contenu n'est pas pris en charge",
        "Please send the body in UTF-8 with Content-Type: {wanted}.",
        "Veuillez envoyer le corps en UTF-8 avec Content-Type: {wanted}.",
    ),
    "json_invalid": Words(
        "The JSON is not valid",
        "Le JSON n'est pas valable",
        "The body is not a well-formed JSON object.",
        "Le corps de la requête n'est pas un objet JSON bien formé.",
    ),
    "json_duplicate_key": Words(
        "A JSON key appears twice",
        "Une clé JSON apparaît deux fois",
        "The key {param} appears more than once in one object.",
        "La clé {param} apparaît plus d'une fois dans un même objet.",
    ),
    "cbor_invalid": Words(
        "The CBOR is not valid",
        "Le CBOR n'est pas valable",
        "The body is not one CBOR map of texts, whole numbers, true, false, null, arrays and maps "
        "with texts for keys, each once, all of known length.",
        "Le corps de la requête n'est pas un seul objet CBOR fait de textes, de nombres entiers, "
        "de true, false, null, de tableaux et d'objets dont chaque clé est un texte présent une "
        "seule fois, le tout de longueur connue.",
    ),
    "method_unknown": Words(
        "No such method",
        "Méthode inconnue",
        "There is no method of this name here. Please check its spelling.",
        "Il n'existe pas de méthode de ce nom ici. Veuillez vérifier son orthographe.",
    ),
    "form_invalid": Words(
        "The form is not valid",
        "Le formulaire n'est pas valable",
        "The form cannot be read as an object. Please write fields as in name=value&list[0]=value&"
        "object[name]=value, percent-encoded in UTF-8, 1,000 at most.",
        "Le formulaire ne peut être lu comme un objet. Veuillez écrire les champs comme dans "
        "nom=valeur&liste[0]=valeur&objet[nom]=valeur, encodés par pourcent en UTF-8, 1 000 au "
        "plus.",
    ),
    "form_duplicate_field": Words(
        "A field of the form appears twice",
        "Un champ du formulaire apparaît deux fois",
        "The field {param} appears more than once in the form.",
        "Le champ {param} apparaît plus d'une fois dans le formulaire.",
    ),
    "version_unknown": Words(
        "The version is not known",
        "La version n'est pas connue",
        "{param} names no version of this API. The newest is {newest}.",
        "{param} ne nomme aucune version de cette API. La plus récente est {newest}.",
    ),
    "search_query_invalid": Words(
        "The query cannot be read",
        "La requête ne peut être lue",
        "The query cannot be read from “{part}” on. Please join at most {limit} clauses by AND: "
        "amount>1000, status:'succeeded', metadata['order']:'1042'.",
        "La requête ne peut être lue à partir de « {part} ». Veuillez joindre au plus {limit} "
        "clauses par AND : amount>1000, status:'succeeded', metadata['order']:'1042'.",
    ),
    "expand_invalid": Words(
        "This cannot be expanded",
        "Ceci ne peut être développé",
        "“{path}” cannot be expanded here. Please name fields that may hold an object, at most "
        "four deep and at most {limit} of them; in a list their names begin with “data.”.",
        "« {path} » ne peut être développé ici. Veuillez nommer des champs qui peuvent contenir un "
        "objet, sur quatre niveaux au plus et {limit} au plus ; dans une liste leurs noms "
        "commencent par « data. ».",
    ),
    "message_undecodable": Words(
        "The message cannot be read",
        "Le message est illisible",
        "The body is no message of this system.",
        "Le corps de la requête n'est pas un message de ce système.",
    ),
    "internal": Words(
        "Something went wrong on our side",
        "Une erreur est survenue de notre côté",
        "Something went wrong on our side. Please try again with the same idempotency key.",
        "Une erreur est survenue de notre côté. Veuillez réessayer avec la même clé d'idempotence.",
    ),
    "temporarily_unavailable": Words(
        "Temporarily unavailable",
        "Temporairement indisponible",
        "The service cannot answer at the moment; nothing was stored. Please try again shortly.",
        "Le service ne peut pas répondre pour l'instant ; rien n'a été enregistré. "
        "Veuillez réessayer dans un moment.",
    ),
    "parameter_unknown": Words(
        "Unknown parameter",
        "Paramètre inconnu",
        "There is no parameter {param} here. Please check its spelling.",
        "Il n'existe pas de paramètre {param} ici. Veuillez vérifier son orthographe.",
    ),
    "parameter_invalid": Words(
        "A parameter is not valid",
        "Un paramètre n'est pas valable",
        "The value of {param} is not valid.",
        "La valeur de {param} n'est pas valable.",
    ),
    "parameter_missing": Words(
        "A parameter is missing",
        "Un paramètre manque",
        "Please give {param}.",
        "Veuillez indiquer {param}.",
    ),
    "metadata_invalid": Words(
        "The metadata is not valid",
        "Les métadonnées ne sont pas valables",
        "metadata holds up to 50 texts; names up to 40 characters, values up to 500.",
        "metadata contient au plus 50 textes ; noms de 40 caractères au plus, valeurs de 500.",
    ),
    "cursor_invalid": Words(
        "The cursor is not valid",
        "Le curseur n'est pas valable",
        "{param} must be the id of an object of this list; give only one of the two cursors.",
        "{param} doit être l'identifiant d'un objet de cette liste ; "
        "n'indiquez qu'un des deux curseurs.",
    ),
    "limit_invalid": Words(
        "The limit is not valid",
        "La limite n'est pas valable",
        "limit must be a whole number from 1 to {limit}.",
        "limit doit être un nombre entier de 1 à {limit}.",
    ),
    "resource_missing": Words(
        "Not found",
        "Introuvable",
        "There is no such object in this account and mode.",
        "Cet objet n'existe pas dans ce compte et ce mode.",
    ),
    "receipt_damaged": Words(
        "The receipt is damaged",
        "Le reçu est endommagé",
        "The stored receipt is not as it was written, so it is not shown. We are looking into it.",
        "Le reçu enregistré n'est plus tel qu'il a été écrit ; il n'est donc pas affiché. "
        "Nous examinons la situation.",
    ),
    "reference_in_use": Words(
        "The reference is in use",
        "La référence est déjà utilisée",
        "Another payment that is under way or paid already has this reference.",
        "Un autre paiement, en cours ou réussi, porte déjà cette référence.",
    ),
    "reference_invalid": Words(
        "The reference is not valid",
        "La référence n'est pas valable",
        "reference must be a short text without control characters.",
        "reference doit être un texte court sans caractères de contrôle.",
    ),
    "idempotency_key_missing": Words(
        "An idempotency key is required",
        "Une clé d'idempotence est requise",
        "Please send an Idempotency-Key header with this request.",
        "Veuillez envoyer un en-tête Idempotency-Key avec cette requête.",
    ),
    "idempotency_key_invalid": Words(
        "The idempotency key is not valid",
        "La clé d'idempotence n'est pas valable",
        "Idempotency-Key must have 1 to 255 printable ASCII characters, without accents.",
        "Idempotency-Key doit avoir de 1 à 255 caractères ASCII imprimables, sans accents.",
    ),
    "idempotency_key_reused": Words(
        "The idempotency key was used for another request",
        "La clé d'idempotence a servi à une autre requête",
        "This idempotency key came before with another body. Please use a new key.",
        "Cette clé d'idempotence a déjà servi avec un autre contenu. "
        "Veuillez utiliser une nouvelle clé.",
    ),
    "idempotency_in_progress": Words(
        "The same request is still running",
        "La même requête est encore en cours",
        "A request with this idempotency key is still running. Please try again in a moment.",
        "Une requête avec cette clé d'idempotence est encore en cours. "
        "Veuillez réessayer dans un instant.",
    ),
    "url_invalid": Words(
        "The address is not valid",
        "L'adresse n'est pas valable",
        "{param} must be a complete https address without user name, password or fragment.",
        "{param} doit être une adresse https complète, sans nom d'utilisateur, mot de passe "
        "ni fragment.",
    ),
    "url_not_https": Words(
        "The address must use https",
        "L'adresse doit utiliser https",
        "{param} must begin with https://.",
        "{param} doit commencer par https://.",
    ),
    "url_host_not_allowed": Words(
        "The host is not allowed",
        "L'hôte n'est pas autorisé",
        "{param} must name a host on the public internet.",
        "{param} doit désigner un hôte joignable sur l'internet public.",
    ),
    "url_port_not_allowed": Words(
        "The port is not allowed",
        "Le port n'est pas autorisé",
        "{param} uses a port that is not allowed.",
        "{param} utilise un port qui n'est pas autorisé.",
    ),
    "webhook_secret_invalid": Words(
        "The webhook secret is not valid",
        "Le secret du webhook n'est pas valable",
        "A webhook secret is whsec_ and 24 to 64 random bytes in base64.",
        "Un secret de webhook est whsec_ suivi de 24 à 64 octets aléatoires en base64.",
    ),
}
