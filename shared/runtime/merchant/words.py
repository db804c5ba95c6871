"""What the command line says, in French or English, as LANG asks."""

from collections.abc import Mapping
from typing import Final, NamedTuple

from shared.domain.plural import fill


class Sentence(NamedTuple):
    """A sentence in both languages."""

    english: str
    french: str


WORDS: Final[Mapping[str, Sentence]] = {
    "key_missing": Sentence(
        "Set PAY_API_KEY, or name a file with --key-file. A key is never an argument: others "
        "on this machine see those.",
        "Définissez PAY_API_KEY, ou nommez un fichier par --key-file. Une clé n'est jamais un "
        "argument : d'autres les voient sur cette machine.",
    ),
    "key_file_unread": Sentence(
        "The key file cannot be read: {reason}",
        "Le fichier de la clé ne peut être lu : {reason}",
    ),
    "key_live": Sentence(
        "This is for the test mode alone, and the key is of the live mode. Nothing was sent.",
        "Ceci n'existe qu'en mode test, et la clé est du mode réel. Rien n'a été envoyé.",
    ),
    "clock_ready": Sentence(
        "In the test mode it is {now}, {days} days ahead.",
        "En mode test il est {now}, avec {days} jours d'avance.",
    ),
    "clock_advancing": Sentence(
        "In the test mode it is {now}; it moves to {days} days ahead, and what has come due is "
        "under way.",
        "En mode test il est {now} ; l'avance passe à {days} jours, et ce qui est échu est en "
        "cours.",
    ),
    "span_unread": Sentence(
        "{text} is no stretch of time. Write 90s, 15m, 2h or 3d.",
        "{text} n'est pas une durée. Écrivez 90s, 15m, 2h ou 3d.",
    ),
    "api_plain": Sentence(
        "{url} is not on this machine: a key goes there by https alone.",
        "{url} n'est pas sur cette machine : une clé n'y va que par https.",
    ),
    "url_invalid": Sentence(
        "{url} is no http(s) address.",
        "{url} n'est pas une adresse http(s).",
    ),
    "no_answer": Sentence(
        "{url} gave no answer of the API: {reason}",
        "{url} n'a pas donné de réponse de l'API : {reason}",
    ),
    "refused": Sentence(
        "{method} {path} answered {status} {code}: {message} ({request})",
        "{method} {path} a répondu {status} {code} : {message} ({request})",
    ),
    "secret": Sentence(
        "Signing secret, for your library: {secret}",
        "Secret de signature, pour votre bibliothèque : {secret}",
    ),
    "listening": Sentence(
        "Listening; events go to {url}. Ctrl-C ends it.",
        "À l'écoute ; les événements vont à {url}. Ctrl-C met fin.",
    ),
    "cut": Sentence(
        "The connection was cut ({reason}); going on after {cursor}.",
        "La connexion a été coupée ({reason}) ; reprise après {cursor}.",
    ),
    "type_unknown": Sentence(
        "{type} is no event type. `trigger --list` shows all.",
        "{type} n'est pas un type d'événement. `trigger --list` les montre tous.",
    ),
    "unreachable": Sentence(
        "The test mode cannot bring about {type}: {reason}",
        "Le mode test ne peut produire {type} : {reason}",
    ),
    "ending_unknown": Sentence(
        "{code} is no way to fail for {type}; there are: {known}",
        "{code} n'est pas une façon d'échouer pour {type} ; il y a : {known}",
    ),
    "did": Sentence(
        "{what} {id}: {status}",
        "{what} {id} : {status}",
    ),
    "wait_funds": Sentence(
        "Waiting until {amount} XAF are available: test money is held for seconds.",
        "En attente de {amount} XAF disponibles : l'argent de test est retenu quelques secondes.",
    ),
    "too_late": Sentence(
        "{type} did not come within {seconds} s.",
        "{type} n'est pas venu en {seconds} s.",
    ),
    "lost_race": Sentence(
        "It was sent before it could be taken back, {tries} times. Try again.",
        "C'est parti avant de pouvoir être repris, {tries} fois. Réessayez.",
    ),
    "needs_rule": Sentence(
        "an owner must first have payouts from an amount on approved (`POST "
        "/v1/account/payout_approval`); what was made is {id}.",
        "un propriétaire doit d'abord soumettre les versements à approbation à partir d'un "
        "montant (`POST /v1/account/payout_approval`) ; {id} a été créé.",
    ),
    "by_person": Sentence(
        "a second person decides, never a key.",
        "une seconde personne décide, jamais une clé.",
    ),
    "by_operator": Sentence(
        "it takes an operator's statement, or a payment after its own refusal, and people of "
        "the platform.",
        "il y faut un relevé de l'opérateur, ou un paiement après son propre refus, et des "
        "personnes de la plateforme.",
    ),
    "by_month": Sentence(
        "invoices come with the end of a month.",
        "les factures viennent avec la fin d'un mois.",
    ),
    "by_size": Sentence(
        "it takes a PDF of more than 500 rows, or a store that stays away for hours.",
        "il y faut un PDF de plus de 500 lignes, ou un stockage absent des heures durant.",
    ),
    "no_requests": Sentence(
        "The API keeps no log of requests. These are webhook deliveries; --events shows events.",
        "L'API ne garde pas de journal des requêtes. Voici les envois de webhooks ; --events "
        "montre les événements.",
    ),
    "no_endpoint": Sentence(
        "There is no enabled endpoint to send to. Name an address with --forward-to.",
        "Il n'y a pas de point de terminaison actif. Nommez une adresse par --forward-to.",
    ),
    "many_endpoints": Sentence(
        "There are several endpoints; choose with --endpoint: {ids}",
        "Il y a plusieurs points de terminaison ; choisissez par --endpoint : {ids}",
    ),
    "event_or_range": Sentence(
        "Name one event, or a range with --since.",
        "Nommez un événement, ou un intervalle par --since.",
    ),
    "time_unread": Sentence(
        "{text} is no time: say 90s, 15m, 4h, 2d, Unix seconds, or 2026-11-30T08:00:00Z.",
        "{text} n'est pas un temps : dites 90s, 15m, 4h, 2d, des secondes Unix, ou "
        "2026-11-30T08:00:00Z.",
    ),
    "resent": Sentence(
        "{count:event is|events are} sent anew to {endpoint}.",
        "{count:événement est renvoyé|événements sont renvoyés} à {endpoint}.",
    ),
    "forwarded": Sentence(
        "{url} took {taken} of {count:event|events}.",
        "{url} a pris {taken} sur {count:événement|événements}.",
    ),
    "secret_invalid": Sentence(
        "PAY_WEBHOOK_SECRET is no secret: `whsec_` and 24 to 64 bytes in base64.",
        "PAY_WEBHOOK_SECRET n'est pas un secret : `whsec_` et 24 à 64 octets en base64.",
    ),
}


class Speaker:
    """Says one thing in one language."""

    def __init__(self, language: str) -> None:
        """`language` is `fr`; anything else is English."""
        self.language = "fr" if language == "fr" else "en"

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> "Speaker":
        """Return who speaks as LC_ALL, LC_MESSAGES or LANG asks, in this order."""
        names = ("LC_ALL", "LC_MESSAGES", "LANG")
        locale = next((environment[name] for name in names if environment.get(name)), "")
        return cls(locale[:2].lower())

    def say(self, name: str, **values: object) -> str:
        """Return a sentence."""
        sentence = WORDS[name]
        text = sentence.french if self.language == "fr" else sentence.english
        return fill(text, self.language, values)
