"""Who asks, and what they may do: keys, tokens, people, the team."""

from collections.abc import Mapping
from typing import Final

from shared.domain.words import Words

WORDS: Final[Mapping[str, Words]] = {
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
    "ticket_invalid": Words(
        "The ticket is not valid",
        "Le ticket n'est pas valable",
        "This ticket does not exist, was used already, or its minute is over.",
        "Ce ticket n'existe pas, a déjà servi, ou sa minute est écoulée.",
    ),
    "origin_not_allowed": Words(
        "The page is not allowed",
        "La page n'est pas autorisée",
        "This ticket may not be used by a page of this origin.",
        "Ce ticket ne peut pas être utilisé par une page de cette origine.",
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
    "maker_cannot_approve": Words(
        "Another person must approve",
        "Une autre personne doit approuver",
        "Whoever asked for a payout, or made the key that did, cannot approve it.",
        "La personne qui a demandé un versement, ou créé la clé qui l'a demandé, ne peut "
        "l'approuver.",
    ),
    "second_person_required": Words(
        "Another person is required",
        "Une autre personne est requise",
        "Whoever proposed a change cannot approve it; another administrator does.",
        "La personne qui a proposé une modification ne peut l'approuver ; "
        "un autre administrateur le fait.",
    ),
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
}
