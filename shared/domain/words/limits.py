"""What has been asked for too often, or for too much."""

from collections.abc import Mapping
from typing import Final

from shared.domain.words import Words

WORDS: Final[Mapping[str, Words]] = {
    "rate_limited": Words(
        "Too many requests",
        "Trop de requêtes",
        "Too many requests in a short time. "
        "Please try again in {retry_after_seconds:second|seconds}.",
        "Trop de requêtes en peu de temps. "
        "Veuillez réessayer dans {retry_after_seconds:seconde|secondes}.",
    ),
    "payer_asked_too_often": Words(
        "The number was asked too often",
        "Le numéro a été trop sollicité",
        "This number has been asked to pay {limit} times in a short time. "
        "Please try again in {retry_after_seconds:second|seconds}.",
        "Ce numéro a été sollicité {limit} fois en peu de temps. "
        "Veuillez réessayer dans {retry_after_seconds:seconde|secondes}.",
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
    "holder_lookups_reached": Words(
        "Too many names were asked for",
        "Trop de noms ont été demandés",
        "Names of wallets' holders may be asked for {limit} times an hour. Please try later.",
        "Les noms des titulaires peuvent être demandés {limit} fois par heure. Veuillez réessayer "
        "plus tard.",
    ),
}
