"""Advice about the request as it stands: address, body, parameters, idempotency key."""

from collections.abc import Mapping
from typing import Final

from shared.domain.advice import Advice

ADVICE: Final[Mapping[str, Advice]] = {
    "route_unknown": Advice(
        ("404",),
        "Compare the path with the reference, version and slashes included.",
        "Comparez le chemin avec la référence, version et barres obliques comprises.",
    ),
    "method_not_allowed": Advice(
        ("405",),
        "Use a method that the header Allow names.",
        "Utilisez une méthode que l'en-tête Allow nomme.",
        "The address exists, but not with this method.",
        "L'adresse existe, mais pas avec cette méthode.",
    ),
    "body_too_large": Advice(
        ("413",),
        "Send less at once: split a batch, shorten texts.",
        "Envoyez moins à la fois : divisez un lot, raccourcissez les textes.",
        "The body of the request is larger than this operation takes.",
        "Le corps de la requête dépasse ce que cette opération accepte.",
    ),
    "content_type_unsupported": Advice(
        ("415",),
        "Set the header Content-Type to the one that the message names.",
        "Donnez à l'en-tête Content-Type la valeur que le message nomme.",
        "The body came in a type that this operation does not read.",
        "Le corps est d'un type que cette opération ne lit pas.",
    ),
    "json_invalid": Advice(
        ("400",),
        "Let a JSON library write the body; it must be one object.",
        "Faites écrire le corps par une bibliothèque JSON ; ce doit être un seul objet.",
    ),
    "json_duplicate_key": Advice(
        ("400",),
        "Send each key once; which of two values counts would be a guess.",
        "Envoyez chaque clé une seule fois ; choisir entre deux valeurs serait deviner.",
        "A key appears more than once in one object.",
        "Une clé apparaît plus d'une fois dans un même objet.",
    ),
    "cbor_invalid": Advice(
        ("400",),
        "Let a CBOR library write the body, without tags, fractions, bytes, undefined or records.",
        "Faites écrire le corps par une bibliothèque CBOR, sans étiquettes, fractions, octets, "
        "undefined ni enregistrements.",
    ),
    "method_unknown": Advice(
        ("404",),
        "Use an operationId of the reference; a few operations are called by their paths alone.",
        "Utilisez un operationId de la référence ; quelques opérations ne s'appellent que par leur "
        "chemin.",
    ),
    "form_invalid": Advice(
        ("400",),
        "Let an SDK or a library write the form, each field once; or send JSON.",
        "Faites écrire le formulaire par un SDK ou une bibliothèque ; ou envoyez du JSON.",
    ),
    "form_duplicate_field": Advice(
        ("400",),
        "Send each field once; which of two values counts would be a guess.",
        "Envoyez chaque champ une seule fois ; choisir entre deux valeurs serait deviner.",
        "A field appears more than once in the form.",
        "Un champ apparaît plus d'une fois dans le formulaire.",
    ),
    "version_unknown": Advice(
        ("400",),
        "Name a version that the reference lists in Pay-Version, or leave the header out.",
        "Nommez dans Pay-Version une version que la référence énumère, ou omettez l'en-tête.",
        "A header names a version of the API that does not exist.",
        "Un en-tête nomme une version de l'API qui n'existe pas.",
    ),
    "search_query_invalid": Advice(
        ("400",),
        "Compare amount and created by : > < >= <= with a number, currency, status, customer, "
        "reference, phone and metadata['key'] by : with a text in quotes, each once.",
        "Comparez amount et created par : > < >= <= avec un nombre, currency, status, customer, "
        "reference, phone et metadata['clé'] par : avec un texte entre guillemets, une fois "
        "chacun.",
        "A field, a sign or a word of query is none that a search knows.",
        "Un champ, un signe ou un mot de query n'est pas de ceux qu'une recherche connaît.",
    ),
    "expand_invalid": Advice(
        ("400",),
        "Name fields that hold the id of an object; in a list their names begin with “data.”.",
        "Nommez des champs qui contiennent l'identifiant d'un objet ; dans une liste leurs noms "
        "commencent par « data. ».",
        "A name in expand[] is no field that can hold an object here, or it lies too deep.",
        "Un nom dans expand[] n'est pas un champ qui puisse contenir un objet ici, ou il est trop "
        "profond.",
    ),
    "message_undecodable": Advice(
        ("400",),
        "Nothing: this address is for messages of the system itself.",
        "Rien : cette adresse est réservée aux messages du système.",
    ),
    "internal": Advice(
        ("500",),
        "Send the same request with the same idempotency key; tell us the request id if it stays.",
        "Renvoyez la requête avec la même clé d'idempotence ; sinon, donnez-nous son identifiant.",
    ),
    "temporarily_unavailable": Advice(
        ("503",),
        "Wait as long as Retry-After says and send the same request again.",
        "Attendez le temps de Retry-After et renvoyez la même requête.",
    ),
    "parameter_unknown": Advice(
        ("400", "lines"),
        "Remove the parameter, or correct its spelling; the reference lists them all.",
        "Retirez le paramètre ou corrigez son nom ; la référence les énumère tous.",
        "The request names a parameter that does not exist here.",
        "La requête nomme un paramètre qui n'existe pas ici.",
    ),
    "parameter_invalid": Advice(
        ("400", "lines"),
        "Correct the field that param names; the reference says what it takes.",
        "Corrigez le champ que param nomme ; la référence dit ce qu'il accepte.",
        "The value of a parameter is not one that it takes.",
        "La valeur d'un paramètre n'est pas de celles qu'il accepte.",
    ),
    "parameter_missing": Advice(
        ("400", "lines"),
        "Send the field that param names.",
        "Envoyez le champ que param nomme.",
        "A parameter without which this cannot be done is not there.",
        "Un paramètre indispensable manque.",
    ),
    "metadata_invalid": Advice(
        ("400", "lines"),
        "Keep metadata small: ids of your own, not documents.",
        "Gardez metadata petit : vos identifiants, pas des documents.",
    ),
    "cursor_invalid": Advice(
        ("400",),
        "Take the id of the first or last object of the page before, and one cursor only.",
        "Prenez l'identifiant du premier ou dernier objet de la page d'avant, et un seul curseur.",
        "The cursor is no id of an object of this list, or two cursors came at once.",
        "Le curseur n'est l'identifiant d'aucun objet de cette liste, ou deux ont été donnés.",
    ),
    "limit_invalid": Advice(
        ("400",),
        "Ask for a page that is no larger, and page on with starting_after.",
        "Demandez une page moins grande, et continuez avec starting_after.",
        "limit is no whole number, or larger than a page may be.",
        "limit n'est pas un nombre entier, ou dépasse la taille d'une page.",
    ),
    "resource_missing": Advice(
        ("404", "400"),
        "Check the id, and that the key is of its account and mode: test and live never meet.",
        "Vérifiez l'identifiant, et que la clé est de son compte et mode : test et réel à part.",
    ),
    "receipt_damaged": Advice(
        ("503",),
        "Try again later. The payment itself stands as its status says.",
        "Réessayez plus tard. Le paiement reste tel que son statut le dit.",
    ),
    "reference_in_use": Advice(
        ("400",),
        "Read the payment with this reference before asking again: it may be paid.",
        "Lisez le paiement qui porte cette référence avant de redemander : il est peut-être réglé.",
    ),
    "reference_invalid": Advice(
        ("400", "lines"),
        "Send a text of 1 to 100 printable characters.",
        "Envoyez un texte de 1 à 100 caractères imprimables.",
    ),
    "idempotency_key_missing": Advice(
        ("400",),
        "Make one key for each payment, keep it with your order, and send it with every try.",
        "Créez une clé par paiement, gardez-la avec la commande, envoyez-la à chaque essai.",
    ),
    "idempotency_key_invalid": Advice(
        ("400",),
        "Send one key, such as a UUID.",
        "Envoyez une seule clé, par exemple un UUID.",
    ),
    "idempotency_key_reused": Advice(
        ("400",),
        "Send the first body again to get its answer, or a new key for a new payment.",
        "Renvoyez le premier contenu pour sa réponse, ou une nouvelle clé pour un autre paiement.",
    ),
    "idempotency_in_progress": Advice(
        ("409",),
        "Wait as long as Retry-After says and send the same request again.",
        "Attendez le temps de Retry-After et renvoyez la même requête.",
    ),
    "url_invalid": Advice(
        ("400",),
        "Send a whole address, such as https://shop.example.com/hooks.",
        "Envoyez une adresse entière, comme https://shop.example.com/hooks.",
        "The address is not complete, or holds a user name, a password or a fragment.",
        "L'adresse est incomplète, ou contient un nom d'utilisateur, mot de passe ou fragment.",
    ),
    "url_not_https": Advice(
        ("400",),
        "Serve the address by https with a certificate that browsers accept.",
        "Servez l'adresse en https, avec un certificat que les navigateurs acceptent.",
        "The address does not begin with https://.",
        "L'adresse ne commence pas par https://.",
    ),
    "url_host_not_allowed": Advice(
        ("400",),
        "Give a host name that the public internet resolves; tunnel to a private one.",
        "Donnez un nom d'hôte public ; passez par un tunnel vers un hôte privé.",
        "The host is private, reserved or no name of the public internet.",
        "L'hôte est privé, réservé ou absent de l'internet public.",
    ),
    "url_port_not_allowed": Advice(
        ("400",),
        "Use port 443.",
        "Utilisez le port 443.",
        "The address names a port that we do not call.",
        "L'adresse nomme un port que nous n'appelons pas.",
    ),
    "webhook_secret_invalid": Advice(
        ("400",),
        "Let us make the secret, or send one of this form.",
        "Laissez-nous créer le secret, ou envoyez-en un de cette forme.",
    ),
}
