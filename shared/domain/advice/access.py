"""Advice about who asks, and what they may do."""

from collections.abc import Mapping
from typing import Final

from shared.domain.advice import Advice

ADVICE: Final[Mapping[str, Advice]] = {
    "api_key_missing": Advice(
        ("401",),
        "Send the key in the header, or as the user name of Basic authentication with no password.",
        "Envoyez la clé dans l'en-tête, ou comme nom d'utilisateur Basic, sans mot de passe.",
    ),
    "api_key_invalid": Advice(
        ("401",),
        "Look whether the whole key was copied and is still listed among the account's keys.",
        "Vérifiez que la clé a été copiée en entier et figure encore parmi celles du compte.",
    ),
    "api_key_expired": Advice(
        ("401",),
        "Put the new key in its place; the old one does not come back.",
        "Mettez la nouvelle clé à sa place ; l'ancienne ne redevient pas valable.",
    ),
    "address_not_allowed": Advice(
        ("403",),
        "Call from one of the key's addresses, or make a key that lists this one.",
        "Appelez depuis une adresse de la clé, ou créez une clé qui contient celle-ci.",
    ),
    "account_mismatch": Advice(
        ("400",),
        "Leave the header out, or use a key of that account.",
        "Omettez l'en-tête, ou utilisez une clé de ce compte.",
        "The header Pay-Account names another account than this API key's.",
        "L'en-tête Pay-Account désigne un autre compte que celui de cette clé d'API.",
    ),
    "mode_mismatch": Advice(
        ("400",),
        "Leave the header out, or use a key of that mode.",
        "Omettez l'en-tête, ou utilisez une clé de ce mode.",
        "The header Pay-Mode names another mode than this API key's.",
        "L'en-tête Pay-Mode désigne un autre mode que celui de cette clé d'API.",
    ),
    "token_expired": Advice(
        ("401",),
        "Refresh the token and send the request again; a token lasts five minutes.",
        "Renouvelez le jeton et renvoyez la requête ; un jeton dure cinq minutes.",
    ),
    "token_invalid": Advice(
        ("401",),
        "Sign in again, and send the access token whole, as it was given.",
        "Reconnectez-vous et envoyez le jeton d'accès entier, tel qu'il a été remis.",
    ),
    "ticket_invalid": Advice(
        ("401",),
        "Ask for a new ticket before each connection, also when you come back after a cut.",
        "Demandez un nouveau ticket avant chaque connexion, aussi pour revenir après une coupure.",
    ),
    "origin_not_allowed": Advice(
        ("403",),
        "Ask for a ticket with the origin of your page, scheme and port included.",
        "Demandez un ticket avec l'origine de votre page, schéma et port compris.",
    ),
    "permission_denied": Advice(
        ("403",),
        "Use a key with the scope of this operation, or ask an owner for another duty.",
        "Utilisez une clé ayant le droit voulu, ou demandez une autre fonction au propriétaire.",
    ),
    "step_up_required": Advice(
        ("403",),
        "Have the person sign in again with all factors, then send the request again.",
        "Faites reconnecter la personne avec tous ses facteurs, puis renvoyez la requête.",
    ),
    "account_suspended": Advice(
        ("403",),
        "Write to us. What is under way still settles, and reading works.",
        "Écrivez-nous. Ce qui est en cours se termine, et la lecture reste possible.",
    ),
    "charges_disabled": Advice(
        ("403",),
        "Finish the activation of the account; until then use test keys.",
        "Terminez l'activation du compte ; d'ici là, utilisez des clés de test.",
    ),
    "payouts_disabled": Advice(
        ("403",),
        "Ask us to enable payouts; until then use test keys.",
        "Demandez-nous d'activer les versements ; d'ici là, utilisez des clés de test.",
    ),
    "account_not_active": Advice(
        ("403",),
        "Hand in what the activation wants and wait for it; test keys work meanwhile.",
        "Remettez ce que l'activation demande et attendez-la ; les clés de test marchent déjà.",
    ),
    "live_secret_key_refused": Advice(
        ("403",),
        "Have an owner sign in and make the key, or make a restricted key.",
        "Demandez à un propriétaire de créer la clé, ou créez une clé restreinte.",
    ),
    "scope_not_held": Advice(
        ("403",),
        "Leave that scope out, or have an owner make the key.",
        "Retirez ce droit, ou faites créer la clé par un propriétaire.",
    ),
    "maker_cannot_approve": Advice(
        ("403",),
        "Have another person of the team approve it.",
        "Faites approuver par une autre personne de l'équipe.",
    ),
    "second_person_required": Advice(
        ("403",),
        "Ask another administrator to look at it and approve it.",
        "Demandez à un autre administrateur de l'examiner et de l'approuver.",
    ),
    "key_ended": Advice(
        ("400",),
        "Make a new key, or rotate the one that took its place.",
        "Créez une nouvelle clé, ou remplacez celle qui lui a succédé.",
    ),
    "too_many_keys": Advice(
        ("400",),
        "Revoke a key that nothing uses any more; the list tells when each was used last.",
        "Révoquez une clé qui ne sert plus ; la liste dit quand chacune a servi.",
        "The account has as many working keys in this mode as it may have.",
        "Le compte a déjà autant de clés valables que permis dans ce mode.",
    ),
    "email_invalid": Advice(
        ("400",),
        "Send one address, such as name@example.com, without a display name.",
        "Envoyez une seule adresse, comme nom@example.com, sans nom affiché.",
        "The field needs one complete e-mail address in plain Latin letters.",
        "Le champ attend une seule adresse e-mail complète, en lettres latines sans accents.",
    ),
    "already_member": Advice(
        ("400",),
        "Nothing is left to do; change the duty where another one is wanted.",
        "Il n'y a rien à faire ; modifiez la fonction si une autre est voulue.",
    ),
    "owner_known": Advice(
        ("400",),
        "Have an owner of the account invite whoever else is wanted.",
        "Faites inviter les autres personnes par un propriétaire du compte.",
    ),
    "already_invited": Advice(
        ("400",),
        "Wait for the answer, or revoke the invitation and send another.",
        "Attendez la réponse, ou révoquez l'invitation et envoyez-en une autre.",
    ),
    "too_many_invitations": Advice(
        ("400",),
        "Wait until some are accepted or a day old, or revoke those that are wrong.",
        "Attendez que certaines soient acceptées ou aient un jour, ou révoquez les erronées.",
        "As many invitations are open, or of the last day, as may be.",
        "Le nombre d'invitations en cours, ou du dernier jour, est atteint.",
    ),
    "team_too_large": Advice(
        ("400",),
        "Remove somebody who has left, or revoke an open invitation.",
        "Retirez une personne partie, ou révoquez une invitation en cours.",
        "The team has as many members and invitations as it may have.",
        "L'équipe compte autant de membres et d'invitations que permis.",
    ),
    "invitation_ended": Advice(
        ("400",),
        "Ask an owner of the account for a new invitation; each lasts seven days.",
        "Demandez une nouvelle invitation au propriétaire ; chacune dure sept jours.",
    ),
    "invitation_used": Advice(
        ("400",),
        "Sign in: the person is a member already. To undo it, remove the member.",
        "Connectez-vous : la personne est déjà membre. Pour revenir en arrière, retirez-la.",
    ),
    "invitation_of_another": Advice(
        ("403",),
        "Sign in with the address that was invited, or ask for an invitation to yours.",
        "Connectez-vous avec l'adresse invitée, ou demandez une invitation à la vôtre.",
    ),
    "invitation_not_ready": Advice(
        ("503",),
        "Send the same request again after the seconds of Retry-After.",
        "Renvoyez la même requête après les secondes de Retry-After.",
    ),
    "last_owner": Advice(
        ("400",),
        "Give another member the duty of an owner, then try again.",
        "Donnez la fonction de propriétaire à un autre membre, puis réessayez.",
    ),
}
