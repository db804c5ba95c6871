"""The words of every refusal and failure, in French and English, under its stable code."""

from collections.abc import Mapping
from typing import Final, NamedTuple


class Words(NamedTuple):
    """The constant title of a code and its message about one occurrence, with {placeholders}."""

    title_en: str
    title_fr: str
    message_en: str
    message_fr: str


class _Values(dict[str, object]):
    """A value that a refusal forgot leaves a gap in a sentence, not a crash."""

    def __missing__(self, name: str) -> str:
        return "…"


def title(code: str, language: str) -> str:
    """Return the title of a code; `language` is `fr`, anything else is English."""
    words = MESSAGES[code]
    return words.title_fr if language == "fr" else words.title_en


def text(code: str, language: str, **values: str | int | None) -> str:
    """Return the message of a code; `language` is `fr`, anything else is English.

    Raises KeyError for a code without words; a test holds every code in use to this table.
    """
    return _message(MESSAGES[code], language, values)


def refund_text(code: str, language: str) -> str:
    """Return the message of a refund's failure: what a charge's says is not always true of it."""
    return _message(OF_REFUNDS.get(code) or MESSAGES[code], language, {})


def payout_text(code: str, language: str) -> str:
    """Return the message of a payout's failure, as `refund_text`."""
    return _message(OF_PAYOUTS.get(code) or MESSAGES[code], language, {})


def _message(words: Words, language: str, values: Mapping[str, object]) -> str:
    message = words.message_fr if language == "fr" else words.message_en
    return message.format_map(_Values(values))


MESSAGES: Final[Mapping[str, Words]] = {
    # --- who asks ---
    "api_key_missing": Words(
        "An API key is required",
        "Une clé d'API est requise",
        "Please send your secret key in the header “Authorization: Bearer <key>”.",
        "Veuillez envoyer votre clé secrète dans l'en-tête « Authorization: Bearer <clé> ».",
    ),
    "api_key_invalid": Words(
        "The API key is not valid",
        "La clé d'API n'est pas valable",
        "This API key does not exist or has been revoked.",
        "Cette clé d'API n'existe pas ou a été révoquée.",
    ),
    "api_key_expired": Words(
        "The API key has expired",
        "La clé d'API a expiré",
        "The time of this API key is over. Please use the key that took its place, or a new one.",
        "Cette clé d'API est arrivée à échéance. Veuillez utiliser celle qui l'a remplacée, "
        "ou une nouvelle.",
    ),
    "address_not_allowed": Words(
        "The address is not allowed",
        "L'adresse n'est pas autorisée",
        "This API key may not be used from this network address.",
        "Cette clé d'API ne peut pas être utilisée depuis cette adresse réseau.",
    ),
    "account_mismatch": Words(
        "The key is of another account",
        "La clé est celle d'un autre compte",
        "{param} names another account than this API key's. A key needs no {param}.",
        "{param} désigne un autre compte que celui de cette clé d'API. Une clé s'en passe.",
    ),
    "mode_mismatch": Words(
        "The key is of another mode",
        "La clé est celle d'un autre mode",
        "{param} names another mode than this API key's. A key needs no {param}.",
        "{param} désigne un autre mode que celui de cette clé d'API. Une clé s'en passe.",
    ),
    "token_expired": Words(
        "The token has expired",
        "Le jeton a expiré",
        "The time of this token is over. Please sign in again, or refresh it.",
        "Ce jeton est arrivé à échéance. Veuillez vous reconnecter ou le renouveler.",
    ),
    "token_invalid": Words(
        "The token is not valid",
        "Le jeton n'est pas valable",
        "The token of this request is not valid.",
        "Le jeton de cette requête n'est pas valable.",
    ),
    "permission_denied": Words(
        "Not permitted",
        "Opération non autorisée",
        "Neither this API key nor the duty of this person includes the right to do this.",
        "Ni cette clé d'API ni la fonction de cette personne ne donne le droit de faire cela.",
    ),
    "step_up_required": Words(
        "Please sign in again",
        "Veuillez vous reconnecter",
        "This needs a sign-in of the last five minutes.",
        "Cette opération exige une connexion datant de moins de cinq minutes.",
    ),
    "account_suspended": Words(
        "The account is suspended",
        "Le compte est suspendu",
        "This account is suspended; it can read but not take payments.",
        "Ce compte est suspendu ; il peut consulter mais pas encaisser.",
    ),
    "charges_disabled": Words(
        "Charges are disabled",
        "Les encaissements sont désactivés",
        "This account may not take live payments yet.",
        "Ce compte ne peut pas encore encaisser de paiements réels.",
    ),
    "payouts_disabled": Words(
        "Payouts are disabled",
        "Les versements sont désactivés",
        "This account may not pay out live money yet.",
        "Ce compte ne peut pas encore verser d'argent réel.",
    ),
    "account_not_active": Words(
        "The account is not active",
        "Le compte n'est pas actif",
        "Live keys can be made once the account is active.",
        "Les clés réelles peuvent être créées dès que le compte est actif.",
    ),
    "live_secret_key_refused": Words(
        "A live secret key is made by the owner",
        "Une clé secrète réelle est créée par le propriétaire",
        "A live secret key is made by an owner of the account, and by nobody else.",
        "Une clé secrète réelle est créée par un propriétaire du compte, et par personne d'autre.",
    ),
    "scope_not_held": Words(
        "A scope is not held",
        "Un droit n'est pas détenu",
        "A key can have at most the rights of the key that makes or changes it.",
        "Une clé ne peut avoir plus de droits que celle qui la crée ou la modifie.",
    ),
    # --- accounts ---
    "account_state_refuses": Words(
        "The account's state does not allow this",
        "L'état du compte ne le permet pas",
        "An account that is {state} cannot be changed in this way.",
        "Un compte dans l'état {state} ne peut pas être modifié ainsi.",
    ),
    "documents_missing": Words(
        "Documents are missing",
        "Des documents manquent",
        "Before the activation somebody must have looked at: {what}.",
        "Avant l'activation, quelqu'un doit avoir examiné : {what}.",
    ),
    "proposal_open": Words(
        "A proposal is open",
        "Une proposition est en cours",
        "Another change of this account waits for a decision. Please approve or reject it first.",
        "Une autre modification de ce compte attend une décision. "
        "Veuillez d'abord l'approuver ou la rejeter.",
    ),
    "proposal_not_open": Words(
        "The proposal is not open",
        "La proposition n'est plus ouverte",
        "This proposal does not exist, has been decided, or its 72 hours are over.",
        "Cette proposition n'existe pas, a déjà été tranchée, ou ses 72 heures sont écoulées.",
    ),
    "proposal_changed": Words(
        "The proposal is not what was seen",
        "La proposition n'est pas celle qui a été vue",
        "The account, its documents or the proposal differ from what you have seen. "
        "Please look again.",
        "Le compte, ses documents ou la proposition diffèrent de ce que vous avez vu. "
        "Veuillez les examiner de nouveau.",
    ),
    "maker_cannot_approve": Words(
        "Another person must approve",
        "Une autre personne doit approuver",
        "Whoever asked for a payout, or made the key that did, cannot approve it.",
        "La personne qui a demandé un versement, ou créé la clé qui l'a demandé, ne peut "
        "l'approuver.",
    ),
    "move_not_possible": Words(
        "The move is not possible",
        "Le mouvement n'est pas possible",
        "No such wallet or account, of another mode, owner or operator, or twice the same.",
        "Portefeuille ou compte inconnu, d'un autre mode, propriétaire ou opérateur, "
        "ou deux fois le même.",
    ),
    "second_person_required": Words(
        "Another person is required",
        "Une autre personne est requise",
        "Whoever proposed a change cannot approve it; another administrator does.",
        "La personne qui a proposé une modification ne peut l'approuver ; "
        "un autre administrateur le fait.",
    ),
    "account_suspended_lately": Words(
        "The account was suspended a moment ago",
        "Le compte vient d'être suspendu",
        "What was under way when the account was suspended may still end. "
        "Please try again in {seconds} seconds.",
        "Ce qui était en cours lors de la suspension peut encore se terminer. "
        "Veuillez réessayer dans {seconds} secondes.",
    ),
    "account_not_settled": Words(
        "The account is not settled",
        "Le compte n'est pas soldé",
        "An account is closed once nothing is owed or under way. There is still: {what}.",
        "Un compte est fermé quand rien n'est dû ni en cours. Il reste : {what}.",
    ),
    "account_closed": Words(
        "The account is closed",
        "Le compte est fermé",
        "A closed account has nobody who would see that its data are looked at. "
        "Please export them instead.",
        "Un compte fermé n'a plus personne pour voir que ses données sont consultées. "
        "Veuillez plutôt les exporter.",
    ),
    "mode_missing": Words(
        "The account does not have this mode",
        "Le compte n'a pas ce mode",
        "This account has no live mode yet; it comes with the activation.",
        "Ce compte n'a pas encore de mode réel ; il vient avec l'activation.",
    ),
    "case_needed": Words(
        "The case is still needed",
        "Le dossier est encore nécessaire",
        "{object_id} has not ended, and nothing but this case looks after it. Please have it read "
        "again, or end it, first.",
        "{object_id} n'est pas terminé, et rien d'autre que ce dossier ne s'en occupe. Veuillez "
        "d'abord le faire relire ou y mettre fin.",
    ),
    "case_not_readable": Words(
        "There is no payment to read",
        "Il n'y a pas de paiement à relire",
        "The case is about nothing that stands in an account's books.",
        "Le dossier ne porte sur rien qui figure dans les livres d'un compte.",
    ),
    "ending_not_possible": Words(
        "This cannot be ended by hand",
        "Ceci ne peut être terminé à la main",
        "Only an open case of a refund or a payout that was sent and has not ended can lead there.",
        "Seul un dossier ouvert d'un remboursement ou d'un paiement sortant envoyé et non terminé "
        "peut y mener.",
    ),
    "ending_too_early": Words(
        "It is too early to end this",
        "Il est trop tôt pour terminer ceci",
        "24 hours must have passed since it was sent.",
        "24 heures doivent s'être écoulées depuis son envoi.",
    ),
    "ending_unread": Words(
        "The operator has not said that it knows nothing of it",
        "L'opérateur n'a pas dit qu'il n'en sait rien",
        "No read of it has ever found nothing at the operator. Please have it read first.",
        "Aucune lecture n'est restée sans résultat chez l'opérateur. Veuillez d'abord le faire "
        "relire.",
    ),
    "ending_in_statement": Words(
        "A statement has it",
        "Un relevé le contient",
        "A line of the operator's statement tells of it: the money may have moved.",
        "Une ligne du relevé de l'opérateur en fait état : l'argent a pu être versé.",
    ),
    "ending_not_covered": Words(
        "No statement covers it yet",
        "Aucun relevé ne le couvre encore",
        "The operator's statements of the day it was sent and of the day after must be uploaded "
        "and processed first.",
        "Les relevés de l'opérateur du jour de l'envoi et du lendemain doivent d'abord être "
        "déposés et traités.",
    ),
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
    "access_open": Words(
        "An access is open",
        "Un accès est ouvert",
        "Your access {access} to this account and mode is open. Please use it, or end it first.",
        "Votre accès {access} à ce compte et ce mode est ouvert. "
        "Veuillez l'utiliser, ou d'abord y mettre fin.",
    ),
    "test_mode_only": Words(
        "This exists in the test mode only",
        "Ceci n'existe qu'en mode test",
        "Data of the live mode cannot be deleted.",
        "Les données du mode réel ne peuvent pas être supprimées.",
    ),
    "customer_code_invalid": Words(
        "The code is not valid",
        "Le code n'est pas valable",
        "This code is wrong or no longer valid. Please check it, or ask for another one.",
        "Ce code est faux ou n'est plus valable. Veuillez le vérifier, ou en demander un autre.",
    ),
    # --- where and how ---
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
    "rate_limited": Words(
        "Too many requests",
        "Trop de requêtes",
        "Too many requests in a short time. Please try again in {retry_after_seconds} seconds.",
        "Trop de requêtes en peu de temps. Veuillez réessayer dans {retry_after_seconds} secondes.",
    ),
    "payer_asked_too_often": Words(
        "The number was asked too often",
        "Le numéro a été trop sollicité",
        "This number has been asked to pay {limit} times in a short time. "
        "Please try again in {retry_after_seconds} seconds.",
        "Ce numéro a été sollicité {limit} fois en peu de temps. "
        "Veuillez réessayer dans {retry_after_seconds} secondes.",
    ),
    "account_count_reached": Words(
        "The account's payments of the day are used up",
        "Le nombre de paiements du jour est atteint",
        "This account may make {limit} such requests a day. Please try again tomorrow, "
        "or ask us for a higher limit.",
        "Ce compte peut faire {limit} demandes de ce type par jour. Veuillez réessayer demain, "
        "ou nous demander un plafond plus élevé.",
    ),
    "account_amount_reached": Words(
        "The account's amount of the day is used up",
        "Le montant du jour est atteint",
        "This account may ask for {limit} FCFA a day in all. Please try again tomorrow, "
        "or ask us for a higher limit.",
        "Ce compte peut demander {limit} FCFA par jour au total. Veuillez réessayer demain, "
        "ou nous demander un plafond plus élevé.",
    ),
    "payee_amount_reached": Words(
        "The number's amount of the day is used up",
        "Le montant du jour pour ce numéro est atteint",
        "One number may be paid {limit} FCFA a day. Please pay it on another day.",
        "Un numéro peut recevoir {limit} FCFA par jour. Veuillez choisir un autre jour.",
    ),
    "payee_too_new": Words(
        "The number is new to this account",
        "Ce numéro est nouveau pour ce compte",
        "A number that this account has not paid before may be paid {limit} FCFA a day at first. "
        "Please pay the rest once it has been paid for a day.",
        "Un numéro que ce compte n'a encore jamais payé peut recevoir {limit} FCFA par jour au "
        "début. Veuillez verser le reste un jour après le premier paiement.",
    ),
    "key_count_reached": Words(
        "The key's payments of the day are used up",
        "Le nombre de paiements du jour de la clé est atteint",
        "This API key may make {limit} such requests a day; a new key fewer than an older one. "
        "Please try again tomorrow.",
        "Cette clé d'API peut faire {limit} demandes de ce type par jour ; une clé récente, moins "
        "qu'une ancienne. Veuillez réessayer demain.",
    ),
    "key_amount_reached": Words(
        "The key's amount of the day is used up",
        "Le montant du jour de la clé est atteint",
        "This API key may ask for {limit} FCFA a day in all; a new key for less than an older one. "
        "Please try again tomorrow.",
        "Cette clé d'API peut demander {limit} FCFA par jour au total ; une clé récente, moins "
        "qu'une ancienne. Veuillez réessayer demain.",
    ),
    # --- parameters ---
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
    # --- amount ---
    "amount_missing": Words(
        "The amount is missing",
        "Le montant manque",
        "Please give the amount in whole francs.",
        "Veuillez indiquer le montant en francs entiers.",
    ),
    "amount_invalid": Words(
        "The amount is not valid",
        "Le montant n'est pas valable",
        "amount must be a whole number of francs, 1 or more.",
        "amount doit être un nombre entier de francs, au moins 1.",
    ),
    "amount_not_whole": Words(
        "The amount is not a whole number",
        "Le montant n'est pas un nombre entier",
        "amount must be a whole number of francs: 100 means 100 FCFA.",
        "amount doit être un nombre entier de francs : 100 signifie 100 FCFA.",
    ),
    "amount_too_small": Words(
        "The amount is too small",
        "Le montant est trop petit",
        "The amount must be at least {limit} FCFA.",
        "Le montant doit être d'au moins {limit} FCFA.",
    ),
    "amount_below_fees": Words(
        "The fees exceed the amount",
        "Les frais dépassent le montant",
        "The fees and taxes of this payment come to {limit} FCFA, more than its amount.",
        "Les frais et taxes de ce paiement s'élèvent à {limit} FCFA, plus que son montant.",
    ),
    "amount_too_large": Words(
        "The amount is too large",
        "Le montant est trop élevé",
        "The amount must be at most {limit} FCFA.",
        "Le montant ne peut dépasser {limit} FCFA.",
    ),
    "currency_unsupported": Words(
        "The currency is not supported",
        "La devise n'est pas prise en charge",
        "Only the currency xaf is supported.",
        "Seule la devise xaf est prise en charge.",
    ),
    # --- payer ---
    "payment_method_missing": Words(
        "The payment method is missing",
        "Le moyen de paiement manque",
        "Please give payment_method with its type and phone.",
        "Veuillez indiquer payment_method avec type et phone.",
    ),
    "destination_missing": Words(
        "The destination is missing",
        "La destination manque",
        "Please say whom to pay: destination[type] and destination[phone].",
        "Veuillez indiquer qui payer : destination[type] et destination[phone].",
    ),
    "destination_type_unsupported": Words(
        "The kind of destination is not supported",
        "Ce type de destination n'est pas pris en charge",
        "destination[type] must be mobile_money.",
        "destination[type] doit être mobile_money.",
    ),
    "payment_method_type_unsupported": Words(
        "The payment method is not supported",
        "Le moyen de paiement n'est pas pris en charge",
        "payment_method[type] must be mobile_money.",
        "payment_method[type] doit être mobile_money.",
    ),
    "phone_missing": Words(
        "The phone number is missing",
        "Le numéro de téléphone manque",
        "Please give the payer's phone number in payment_method[phone].",
        "Veuillez indiquer le numéro du payeur dans payment_method[phone].",
    ),
    "phone_invalid": Words(
        "The phone number is not valid",
        "Le numéro de téléphone n'est pas valable",
        "The phone number must have nine digits, with or without +237 before them.",
        "Le numéro de téléphone doit avoir neuf chiffres, précédés ou non de +237.",
    ),
    "phone_foreign": Words(
        "The phone number is not Cameroonian",
        "Le numéro n'est pas camerounais",
        "Only phone numbers of Cameroon (+237) are accepted.",
        "Seuls les numéros du Cameroun (+237) sont acceptés.",
    ),
    "phone_not_mobile": Words(
        "The phone number is not a mobile number",
        "Le numéro n'est pas un numéro mobile",
        "A mobile number of Cameroon begins with 6.",
        "Un numéro mobile camerounais commence par 6.",
    ),
    "phone_blocked": Words(
        "The number is blocked",
        "Le numéro est bloqué",
        "This number can neither be asked for payments nor be paid.",
        "Ce numéro ne peut être ni sollicité pour un paiement, ni payé.",
    ),
    "operator_unknown": Words(
        "Unknown operator",
        "Opérateur inconnu",
        "payment_method[operator] must be mtn or orange.",
        "payment_method[operator] doit être mtn ou orange.",
    ),
    "operator_not_served": Words(
        "The operator is not served",
        "L'opérateur n'est pas desservi",
        "Your account has no contract with {operator} in this mode.",
        "Votre compte n'a pas de contrat avec {operator} dans ce mode.",
    ),
    "holder_lookups_reached": Words(
        "Too many names were asked for",
        "Trop de noms ont été demandés",
        "Names of wallets' holders may be asked for {limit} times an hour. Please try later.",
        "Les noms des titulaires peuvent être demandés {limit} fois par heure. Veuillez réessayer "
        "plus tard.",
    ),
    "operator_undetermined": Words(
        "The operator cannot be told",
        "L'opérateur ne peut être déterminé",
        "The number does not show its operator. Please give payment_method[operator].",
        "Le numéro n'indique pas son opérateur. Veuillez indiquer payment_method[operator].",
    ),
    "operator_unavailable": Words(
        "The operator is unavailable",
        "L'opérateur est indisponible",
        "The operator does not answer us at the moment. No money has moved; please try later.",
        "L'opérateur ne nous répond pas pour l'instant. Aucun montant n'a été débité ; "
        "veuillez réessayer plus tard.",
    ),
    # --- idempotency ---
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
    # --- webhook endpoints ---
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
    # --- API keys ---
    "key_ended": Words(
        "The key has ended",
        "La clé a pris fin",
        "This key is revoked, expired or has been rotated before.",
        "Cette clé est révoquée, échue ou a déjà été remplacée.",
    ),
    "too_many_keys": Words(
        "Too many keys",
        "Trop de clés",
        "An account may have {limit} working keys per mode. Please revoke one first.",
        "Un compte peut avoir {limit} clés valables par mode. Veuillez d'abord en révoquer une.",
    ),
    # --- the team ---
    "email_invalid": Words(
        "The e-mail address is not valid",
        "L'adresse e-mail n'est pas valable",
        "{param} must be one complete e-mail address in plain Latin letters.",
        "{param} doit être une seule adresse e-mail complète, en lettres latines sans accents.",
    ),
    "already_member": Words(
        "Already a member",
        "Déjà membre",
        "This person is a member of the team already.",
        "Cette personne est déjà membre de l'équipe.",
    ),
    "owner_known": Words(
        "The account has an owner",
        "Le compte a un propriétaire",
        "This account has an owner, or one was asked already; owners invite all others.",
        "Ce compte a un propriétaire, ou quelqu'un y est déjà invité ; il invite tous les autres.",
    ),
    "already_invited": Words(
        "Already invited",
        "Déjà invité",
        "An invitation to this address is open. Please revoke it first.",
        "Une invitation à cette adresse est en cours. Veuillez d'abord la révoquer.",
    ),
    "too_many_invitations": Words(
        "Too many invitations",
        "Trop d'invitations",
        "At most {limit} invitations may be open or of the last day.",
        "Au plus {limit} invitations peuvent être en cours ou dater du dernier jour.",
    ),
    "team_too_large": Words(
        "The team is full",
        "L'équipe est complète",
        "A team has at most {limit} members, those who are invited included.",
        "Une équipe compte au plus {limit} membres, personnes invitées comprises.",
    ),
    "invitation_ended": Words(
        "The invitation has ended",
        "L'invitation a pris fin",
        "This invitation has expired or was revoked. Please ask the owner for another.",
        "Cette invitation est échue ou révoquée. Veuillez en demander une autre au propriétaire.",
    ),
    "invitation_used": Words(
        "The invitation was used",
        "L'invitation a déjà servi",
        "This invitation was accepted before; it works once.",
        "Cette invitation a déjà été acceptée ; elle ne sert qu'une fois.",
    ),
    "invitation_of_another": Words(
        "The invitation is somebody else's",
        "L'invitation est destinée à quelqu'un d'autre",
        "Please sign in with the e-mail address to which the invitation was sent.",
        "Veuillez vous connecter avec l'adresse e-mail à laquelle l'invitation a été envoyée.",
    ),
    "invitation_not_ready": Words(
        "The invitation is being prepared",
        "L'invitation est en préparation",
        "Nothing has changed. Please try again in a moment.",
        "Rien n'a changé. Veuillez réessayer dans un instant.",
    ),
    "last_owner": Words(
        "The last owner stays",
        "Le dernier propriétaire reste",
        "An account keeps at least one owner. Please make somebody else an owner first.",
        "Un compte garde au moins un propriétaire. Veuillez d'abord en nommer un autre.",
    ),
    # --- states ---
    "charge_not_cancelable": Words(
        "The charge cannot be canceled",
        "Le paiement ne peut être annulé",
        "The payer has already been asked, or the charge has ended; it cannot be canceled.",
        "Le payeur a déjà été sollicité, ou le paiement est terminé ; il ne peut être annulé.",
    ),
    "payout_not_cancelable": Words(
        "The payout cannot be canceled",
        "Le versement ne peut être annulé",
        "The payout is being sent, or has ended; it cannot be canceled.",
        "Le versement est en cours d'envoi, ou terminé ; il ne peut être annulé.",
    ),
    "approval_not_open": Words(
        "The approval is not open",
        "L'approbation n'est plus ouverte",
        "Nobody needs to approve this, it has been decided or canceled, or its time is over.",
        "Ceci ne demande aucune approbation, a déjà été tranché ou annulé, ou son délai est "
        "écoulé.",
    ),
    "approval_changed": Words(
        "It is not what was seen",
        "Ce n'est pas ce qui a été vu",
        "What is to be approved differs from what you have seen. Please look again.",
        "Ce qui est à approuver diffère de ce que vous avez vu. Veuillez l'examiner de nouveau.",
    ),
    "charge_without_number": Words(
        "The charge names no number to give the money back to",
        "Le paiement ne nomme aucun numéro à rembourser",
        "It was paid on the operator's page, which does not say by whom. Make a payout instead.",
        "Il a été fait sur la page de l'opérateur, qui ne dit pas par qui. Faites un versement.",
    ),
    "phone_not_taken": Words(
        "No number is taken here",
        "Aucun numéro n'est attendu ici",
        "A payer who is redirected gives the number on the operator's page. Leave out {param}.",
        "Un payeur redirigé donne son numéro sur la page de l'opérateur. Omettez {param}.",
    ),
    "redirect_unsupported": Words(
        "The operator has no page to redirect to",
        "L'opérateur n'a pas de page où rediriger",
        "Only Orange Money can be paid on the operator's page.",
        "Seul Orange Money peut être payé sur la page de l'opérateur.",
    ),
    "booking_not_possible": Words(
        "This cannot be booked",
        "Cette écriture est impossible",
        "What it is about does not stand so, or an account that it names would not bear it.",
        "L'objet visé ne le permet pas, ou l'un des comptes nommés ne peut le supporter.",
    ),
    "booking_not_in_statement": Words(
        "No statement has it",
        "Aucun relevé ne le mentionne",
        "No statement of this operator account has this transaction with this amount.",
        "Aucun relevé de ce compte opérateur ne porte cette transaction avec ce montant.",
    ),
    "booked_already": Words(
        "It is booked already",
        "L'écriture existe déjà",
        "This transaction of the operator's stands in the account's books already.",
        "Cette transaction de l'opérateur figure déjà dans les livres du compte.",
    ),
    "late_payment_decided": Words(
        "The late payment is decided",
        "Le paiement tardif a déjà été traité",
        "This payment was accepted, or is being given back; that cannot be changed.",
        "Ce paiement a été accepté, ou il est en cours de remboursement ; on ne peut y revenir.",
    ),
    "late_payment_unknown_payer": Words(
        "Nobody knows who paid",
        "Le payeur est inconnu",
        "The operator's statement does not say who paid. Please ask us what can be done.",
        "Le relevé de l'opérateur n'indique pas qui a payé. Veuillez nous demander que faire.",
    ),
    "payout_batch_not_cancelable": Words(
        "The batch cannot be canceled",
        "Le lot ne peut être annulé",
        "No payout of the batch waits for its turn any more; it cannot be canceled.",
        "Plus aucun versement du lot n'attend son tour ; il ne peut être annulé.",
    ),
    "batch_invalid": Words(
        "Lines of the batch are not valid",
        "Des lignes du lot ne sont pas valables",
        "Nothing was taken: {count} errors, each named with its line in “lines”.",
        "Rien n'a été pris en compte : {count} erreurs, chacune avec sa ligne dans « lines ».",
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
        "The line has {count} cells, the first row {limit}.",
        "La ligne a {count} cellules, la première {limit}.",
    ),
    "csv_formula": Words(
        "The cell is a formula",
        "La cellule est une formule",
        "No cell may begin as a formula does: =, +, -, @ or a tab.",
        "Aucune cellule ne peut commencer comme une formule : =, +, -, @ ou une tabulation.",
    ),
    "charge_not_refundable": Words(
        "The charge cannot be refunded",
        "Le paiement ne peut être remboursé",
        "Only a charge that was paid, and of which something is left, can be refunded.",
        "Seul un paiement réussi, dont il reste une part, peut être remboursé.",
    ),
    "balance_insufficient": Words(
        "The balance is too low",
        "Le solde est insuffisant",
        "The available balance does not cover this amount.",
        "Le solde disponible ne couvre pas ce montant.",
    ),
    # --- why a charge failed ---
    "payer_not_found": Words(
        "The payer has no account",
        "Le payeur n'a pas de compte",
        "This number has no active mobile money account with the operator.",
        "Ce numéro n'a pas de compte mobile money actif chez l'opérateur.",
    ),
    "payer_limit_reached": Words(
        "The payer's limit is reached",
        "Le plafond du payeur est atteint",
        "The payer has reached a limit set by the operator.",
        "Le payeur a atteint un plafond fixé par l'opérateur.",
    ),
    "payer_declined": Words(
        "The payer declined",
        "Le payeur a refusé",
        "The payer declined the payment or entered a wrong PIN.",
        "Le payeur a refusé le paiement ou saisi un mauvais code secret.",
    ),
    "payer_blocked": Words(
        "The payer's account is blocked",
        "Le compte du payeur est bloqué",
        "The operator has blocked the payer's account. The payer should contact the operator.",
        "L'opérateur a bloqué le compte du payeur. Le payeur doit contacter son opérateur.",
    ),
    "insufficient_funds": Words(
        "The payer's balance is too low",
        "Le solde du payeur est insuffisant",
        "The payer's mobile money balance does not cover the amount and its fees.",
        "Le solde mobile money du payeur ne couvre pas le montant et ses frais.",
    ),
    "expired": Words(
        "The payer did not answer in time",
        "Le payeur n'a pas répondu à temps",
        "The payer did not approve the payment in time.",
        "Le payeur n'a pas validé le paiement à temps.",
    ),
    "operator_misconfigured": Words(
        "The operator account is not set up",
        "Le compte opérateur est mal configuré",
        "The operator refused our account. No money has moved; we have been told.",
        "L'opérateur a refusé notre compte. Aucun montant n'a été débité ; "
        "nous en sommes informés.",
    ),
    "operator_error": Words(
        "The operator reported an error",
        "L'opérateur a signalé une erreur",
        "The operator could not carry out the payment. No money has moved.",
        "L'opérateur n'a pas pu exécuter le paiement. Aucun montant n'a été débité.",
    ),
    "not_received": Words(
        "The operator did not receive the request",
        "L'opérateur n'a pas reçu la demande",
        "The request did not reach the operator. No money has moved; you may try again.",
        "La demande n'est pas parvenue à l'opérateur. Aucun montant n'a été débité ; "
        "vous pouvez réessayer.",
    ),
    "paid_otherwise": Words(
        "Something else was paid",
        "Un autre montant a été payé",
        "The operator took another amount, or it came from somebody else. It is kept as a late "
        "payment.",
        "L'opérateur a encaissé un autre montant, ou d'une autre personne. Il est gardé comme "
        "paiement tardif.",
    ),
    # --- why money out failed ---
    "payee_not_found": Words(
        "The number has no account",
        "Le numéro n'a pas de compte",
        "This number has no active mobile money account with the operator. Nothing was paid.",
        "Ce numéro n'a pas de compte mobile money actif chez l'opérateur. Rien n'a été versé.",
    ),
    "payee_blocked": Words(
        "The account cannot receive money",
        "Le compte ne peut pas recevoir d'argent",
        "The operator has blocked this account, or it has reached a limit. Nothing was paid.",
        "L'opérateur a bloqué ce compte, ou son plafond est atteint. Rien n'a été versé.",
    ),
    "float_insufficient": Words(
        "The operator account lacks funds",
        "Le compte opérateur n'est pas assez approvisionné",
        "Our account at the operator did not cover this amount. Nothing was paid; we have been "
        "told.",
        "Notre compte chez l'opérateur ne couvrait pas ce montant. Rien n'a été versé ; "
        "nous en sommes informés.",
    ),
    "float_limit_reached": Words(
        "The operator account's limit is reached",
        "Le plafond du compte opérateur est atteint",
        "Our account at the operator has reached a limit. Nothing was paid; we have been told.",
        "Notre compte chez l'opérateur a atteint un plafond. Rien n'a été versé ; "
        "nous en sommes informés.",
    ),
}

# Codes that a charge can fail with too, in words about money that goes back.
OF_REFUNDS: Final[Mapping[str, Words]] = {
    "not_received": Words(
        "The operator did not receive the refund",
        "L'opérateur n'a pas reçu le remboursement",
        "The operator knows nothing of the refund, and its statement lacks it. Nothing was paid; "
        "the whole amount is in your balance again.",
        "L'opérateur ne connaît pas le remboursement, et son relevé ne le contient pas. Rien n'a "
        "été versé ; le montant entier est de nouveau dans votre solde.",
    ),
    "operator_unavailable": Words(
        "The refund could not be sent",
        "Le remboursement n'a pas pu être envoyé",
        "The refund could not be sent in time. Nothing was paid; the whole amount is in your "
        "balance again.",
        "Le remboursement n'a pas pu être envoyé à temps. Rien n'a été versé ; "
        "le montant entier est de nouveau dans votre solde.",
    ),
    "expired": Words(
        "The refund expired",
        "Le remboursement a expiré",
        "The operator did not carry out the refund in time. Nothing was paid; the whole amount is "
        "in your balance again.",
        "L'opérateur n'a pas exécuté le remboursement à temps. Rien n'a été versé ; "
        "le montant entier est de nouveau dans votre solde.",
    ),
    "operator_misconfigured": Words(
        "The operator account is not set up",
        "Le compte opérateur est mal configuré",
        "The operator refused our account. Nothing was paid; we have been told.",
        "L'opérateur a refusé notre compte. Rien n'a été versé ; nous en sommes informés.",
    ),
    "operator_error": Words(
        "The operator reported an error",
        "L'opérateur a signalé une erreur",
        "The operator could not carry out the refund. Nothing was paid; the whole amount is in "
        "your balance again.",
        "L'opérateur n'a pas pu exécuter le remboursement. Rien n'a été versé ; "
        "le montant entier est de nouveau dans votre solde.",
    ),
}

# The same about money that a merchant sends.
OF_PAYOUTS: Final[Mapping[str, Words]] = {
    "not_received": Words(
        "The operator did not receive the payout",
        "L'opérateur n'a pas reçu le versement",
        "The operator knows nothing of the payout, and its statement lacks it. Nothing was paid; "
        "all of it is in your balance again.",
        "L'opérateur ne connaît pas le versement, et son relevé ne le contient pas. Rien n'a été "
        "versé ; tout est de nouveau dans votre solde.",
    ),
    "operator_unavailable": Words(
        "The payout could not be sent",
        "Le versement n'a pas pu être envoyé",
        "The payout could not be sent in time. Nothing was paid; all of it is in your balance "
        "again.",
        "Le versement n'a pas pu être envoyé à temps. Rien n'a été versé ; "
        "tout est de nouveau dans votre solde.",
    ),
    "expired": Words(
        "The payout expired",
        "Le versement a expiré",
        "The operator did not carry out the payout in time. Nothing was paid; all of it is in your "
        "balance again.",
        "L'opérateur n'a pas exécuté le versement à temps. Rien n'a été versé ; "
        "tout est de nouveau dans votre solde.",
    ),
    "operator_misconfigured": OF_REFUNDS["operator_misconfigured"],
    "operator_error": Words(
        "The operator reported an error",
        "L'opérateur a signalé une erreur",
        "The operator could not carry out the payout. Nothing was paid; all of it is in your "
        "balance again.",
        "L'opérateur n'a pas pu exécuter le versement. Rien n'a été versé ; "
        "tout est de nouveau dans votre solde.",
    ),
}
