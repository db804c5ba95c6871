"""Advice about what has been asked for too often, or for too much."""

from collections.abc import Mapping
from typing import Final

from shared.domain.advice import Advice

ADVICE: Final[Mapping[str, Advice]] = {
    "rate_limited": Advice(
        ("429",),
        "Wait as long as Retry-After says; spread requests, and use webhooks rather than polling.",
        "Attendez le temps de Retry-After ; espacez les requêtes, préférez les webhooks.",
        "Too many requests came in a short time.",
        "Trop de requêtes sont arrivées en peu de temps.",
    ),
    "payer_asked_too_often": Advice(
        ("429",),
        "Wait as long as Retry-After says; ask the payer to look at the phone.",
        "Attendez le temps de Retry-After ; invitez le payeur à regarder son téléphone.",
        "This number was asked to pay as often as may be in a short time, by all merchants.",
        "Ce numéro a été sollicité autant que permis en peu de temps, par tous les marchands.",
    ),
    "account_count_reached": Advice(
        ("429",),
        "Try again tomorrow, Douala time, or ask us for a higher limit.",
        "Réessayez demain, heure de Douala, ou demandez-nous un plafond plus élevé.",
        "The account has made as many such requests today as it may.",
        "Le compte a fait autant de demandes de ce type que permis aujourd'hui.",
    ),
    "account_amount_reached": Advice(
        ("429",),
        "Try again tomorrow, Douala time, or ask us for a higher limit.",
        "Réessayez demain, heure de Douala, ou demandez-nous un plafond plus élevé.",
        "The account has asked for as much money today as it may.",
        "Le compte a demandé autant d'argent que permis aujourd'hui.",
    ),
    "payee_amount_reached": Advice(
        ("429",),
        "Pay the number on another day, or another number of the same person.",
        "Payez ce numéro un autre jour, ou un autre numéro de la même personne.",
        "The number was paid as much today as it may be, by all merchants.",
        "Le numéro a reçu autant que permis aujourd'hui, de tous les marchands.",
    ),
    "payee_too_new": Advice(
        ("429",),
        "Pay a small amount first, and the rest a day later.",
        "Versez d'abord un petit montant, et le reste un jour plus tard.",
        "The account has never paid this number before, so it may be paid less at first.",
        "Le compte n'a encore jamais payé ce numéro ; il peut donc recevoir moins au début.",
    ),
    "key_count_reached": Advice(
        ("429",),
        "Try again tomorrow, or spread the work over the keys of your systems.",
        "Réessayez demain, ou répartissez le travail entre les clés de vos systèmes.",
        "This API key has made as many such requests today as it may; a new key may make fewer.",
        "Cette clé d'API a fait autant de demandes que permis ; une clé récente en fait moins.",
    ),
    "key_amount_reached": Advice(
        ("429",),
        "Try again tomorrow, or spread the work over the keys of your systems.",
        "Réessayez demain, ou répartissez le travail entre les clés de vos systèmes.",
        "This API key has asked for as much money today as it may; a new key may ask for less.",
        "Cette clé d'API a demandé autant d'argent que permis ; une clé récente, moins.",
    ),
    "holder_lookups_reached": Advice(
        ("429",),
        "Try again within the hour, and keep the names that you were told.",
        "Réessayez d'ici une heure, et gardez les noms déjà obtenus.",
        "Names of wallets' holders were asked for as often as may be in an hour.",
        "Les noms des titulaires ont été demandés autant que permis en une heure.",
    ),
}
