"""The words of every notification, in French and English, and how its values are written."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple

from shared.domain.money import Money
from shared.domain.notification import TERMS, Kind, most, one_line, unlinked
from shared.domain.receipt import Language, format_day, format_money, format_time

LANGUAGES: Final[tuple[Language, ...]] = ("fr", "en")


class Words(NamedTuple):
    """One language of a kind: subject and text, with {placeholders}; an empty line parts."""

    subject: str
    text: str

    def paragraphs(self) -> list[str]:
        """Return the paragraphs, each one line."""
        return [" ".join(paragraph.split()) for paragraph in self.text.split("\n\n")]


@dataclass(frozen=True, slots=True)
class Letter:
    """A notification in words, for one person; `link` is there where something is to be opened."""

    subject: str
    paragraphs: tuple[str, ...]
    closing: str
    language: Language
    link: str | None = None


CLOSING: Final[Mapping[Language, str]] = {
    "fr": "Ce message est automatique ; les réponses ne sont pas lues.",
    "en": "This message was sent automatically; replies are not read.",
}
TEST_MODE: Final[Mapping[Language, str]] = {
    "fr": "Ceci concerne le mode test : aucun argent réel n'est en jeu.",
    "en": "This concerns the test mode: no real money is involved.",
}
TEST_MARK: Final = "[test] "
_ZONE: Final[Mapping[Language, str]] = {"fr": "heure de Douala", "en": "Douala time"}

WORDS: Final[Mapping[Kind, Mapping[Language, Words]]] = {
    Kind.INVITATION: {
        "fr": Words(
            "Invitation à rejoindre {account}",
            """
            Vous êtes invité(e) à rejoindre l'équipe de {account}, {duty}.

            Si vous n'avez pas encore de mot de passe, un autre message vous demande d'en choisir
            un : commencez par là. Connectez-vous ensuite et acceptez par le lien ci-dessous. Il
            est personnel, ne sert qu'une fois et vaut jusqu'au {last_day}.

            Si vous n'attendiez pas cette invitation, ignorez ce message.
            """,
        ),
        "en": Words(
            "Invitation to join {account}",
            """
            You are invited to join the team of {account}, {duty}.

            If you have no password yet, another message asks you to choose one: begin there. Then
            sign in and accept by the link below. It is yours alone, works once and lasts until
            {last_day}.

            If you did not expect this invitation, ignore this message.
            """,
        ),
    },
    Kind.APPROVAL_WANTED: {
        "fr": Words(
            "Versement de {amount} à approuver",
            """
            Le versement {payout} de {amount} attend l'approbation d'une deuxième personne de
            {account}.

            Rien ne part avant ; la personne qui l'a créé ne peut pas l'approuver.
            """,
        ),
        "en": Words(
            "A payout of {amount} wants approval",
            """
            Payout {payout} of {amount} waits for the approval of a second person of {account}.

            Nothing leaves before; whoever created it cannot approve it.
            """,
        ),
    },
    Kind.APPROVAL_RULE_CHANGED: {
        "fr": Words(
            "Approbation des versements de {account}",
            """
            À partir du {valid_from}, une deuxième personne de {account} approuve les versements
            demandés par une clé d'API : {keys_from} ; et ceux demandés par une personne :
            {people_from}.

            Ce qui demande plus d'approbations vaut dès maintenant. Si ce changement vous surprend,
            un propriétaire peut le remplacer avant.
            """,
        ),
        "en": Words(
            "Approval of payouts of {account}",
            """
            From {valid_from} a second person of {account} approves payouts that an API key asks
            for: {keys_from}; and those that a person asks for: {people_from}.

            What asks for more approvals holds from now on. If this change surprises you, an owner
            can replace it before.
            """,
        ),
    },
    Kind.ACCOUNT_ACTIVATED: {
        "fr": Words(
            "Le compte {account} est activé",
            """
            Le compte {account} est activé : il peut encaisser de vrais paiements.

            Les clés réelles peuvent maintenant être créées.
            """,
        ),
        "en": Words(
            "The account {account} is active",
            """
            The account {account} is active: it can take real payments.

            Live keys can be made from now on.
            """,
        ),
    },
    Kind.ACCOUNT_RESTRICTED: {
        "fr": Words(
            "Le compte {account} est restreint",
            """
            Jusqu'à nouvel ordre, le compte {account} n'accepte pas : {stopped}.

            Tout le reste continue. Contactez-nous pour en connaître la raison.
            """,
        ),
        "en": Words(
            "The account {account} is restricted",
            """
            Until further notice the account {account} accepts none of these: {stopped}.

            Everything else goes on. Please contact us to learn the reason.
            """,
        ),
    },
    Kind.ACCOUNT_UNRESTRICTED: {
        "fr": Words(
            "La restriction du compte {account} est levée",
            """
            La restriction du compte {account} est levée : il encaisse de nouveau.
            """,
        ),
        "en": Words(
            "The account {account} is no longer restricted",
            """
            The account {account} is no longer restricted: it takes payments again.
            """,
        ),
    },
    Kind.ACCOUNT_SUSPENDED: {
        "fr": Words(
            "Le compte {account} est suspendu",
            """
            Le compte {account} est suspendu : aucun nouveau paiement n'est accepté.

            Ce qui est en cours va à son terme, les notifications webhook continuent et tout reste
            consultable. Contactez-nous pour en connaître la raison.
            """,
        ),
        "en": Words(
            "The account {account} is suspended",
            """
            The account {account} is suspended: no new payment is accepted.

            What is under way comes to its end, webhooks go on and everything can be read. Please
            contact us to learn the reason.
            """,
        ),
    },
    Kind.ACCOUNT_RESUMED: {
        "fr": Words(
            "La suspension du compte {account} est levée",
            """
            La suspension du compte {account} est levée : il est de nouveau tel qu'il était avant.
            """,
        ),
        "en": Words(
            "The account {account} is no longer suspended",
            """
            The account {account} is no longer suspended: it is again as it was before.
            """,
        ),
    },
    Kind.ACCOUNT_CLOSED: {
        "fr": Words(
            "Le compte {account} est fermé",
            """
            Le compte {account} est fermé : ses clés n'ont plus d'effet.

            Les reçus restent vérifiables.
            """,
        ),
        "en": Words(
            "The account {account} is closed",
            """
            The account {account} is closed: its keys have no effect any more.

            Receipts can still be verified.
            """,
        ),
    },
    Kind.REFUNDS_BELOW_ZERO_SET: {
        "fr": Words(
            "Remboursements de {account} au-delà du solde",
            """
            Les remboursements de {account} peuvent désormais faire descendre son solde disponible
            jusqu'à {amount} au-dessous de zéro.

            Tant qu'il est au-dessous de zéro, aucun versement ne part : ce qui arrive rembourse
            d'abord ce qui est dû.
            """,
        ),
        "en": Words(
            "Refunds of {account} beyond its balance",
            """
            From now on refunds of {account} may take its available balance down to {amount} below
            zero.

            As long as it is below zero nothing is paid out: what comes in first repays what is
            owed.
            """,
        ),
    },
    Kind.CASE_OPENED: {
        "fr": Words(
            "Nous examinons le paiement {payment}",
            """
            Le paiement {payment} de {account} n'a pas pu être dénoué automatiquement. Une
            personne de notre équipe l'examine.

            Ne le recommencez pas entre-temps : le payeur pourrait payer deux fois.
            """,
        ),
        "en": Words(
            "We are looking into payment {payment}",
            """
            Payment {payment} of {account} could not be settled automatically. A person of our
            team is looking into it.

            Please do not repeat it meanwhile: the payer might pay twice.
            """,
        ),
    },
    Kind.ENDPOINT_GONE: {
        "fr": Words(
            "Point de réception désactivé : {host}",
            """
            Le point de réception {endpoint} de {account} ({host}) a répondu « 410 Gone ». Nous ne
            lui envoyons plus rien.

            Les événements restent consultables par l'API. Quand l'adresse répond de nouveau,
            réactivez le point de réception.
            """,
        ),
        "en": Words(
            "Webhook endpoint disabled: {host}",
            """
            Webhook endpoint {endpoint} of {account} ({host}) answered “410 Gone”. We send it
            nothing any more.

            The events can still be read by the API. Once the address answers again, enable the
            endpoint again.
            """,
        ),
    },
    Kind.ENDPOINT_FAILING: {
        "fr": Words(
            "Point de réception désactivé : {host}",
            """
            Le point de réception {endpoint} de {account} ({host}) n'a accepté aucun événement
            depuis cinq jours. Nous ne lui envoyons plus rien.

            Les événements restent consultables par l'API. Quand l'adresse répond de nouveau,
            réactivez le point de réception.
            """,
        ),
        "en": Words(
            "Webhook endpoint disabled: {host}",
            """
            Webhook endpoint {endpoint} of {account} ({host}) has accepted no event for five days.
            We send it nothing any more.

            The events can still be read by the API. Once the address answers again, enable the
            endpoint again.
            """,
        ),
    },
    Kind.KEY_MADE: {
        "fr": Words(
            "Nouvelle clé d'API pour {account}",
            """
            La clé d'API {key}, qui se termine par {ending}, vient d'être créée pour {account}.

            Si personne de votre équipe ne l'a créée, révoquez-la ainsi que la clé qui l'a créée.
            """,
        ),
        "en": Words(
            "New API key for {account}",
            """
            API key {key}, which ends with {ending}, was just made for {account}.

            If nobody of your team made it, revoke it and the key that made it.
            """,
        ),
    },
    Kind.KEYS_UNDER_REVIEW: {
        "fr": Words(
            "Clés d'API de {account} à vérifier avant le {review_by}",
            """
            Ce qui a créé ces clés d'API de {account} n'a plus cours (une clé révoquée, une
            personne partie ou qui a changé de fonction) : {keys}

            Remplacez par rotation celles dont vous avez besoin ; elles cessent de fonctionner
            le {review_by}.
            """,
        ),
        "en": Words(
            "Check API keys of {account} before {review_by}",
            """
            Whatever made these API keys of {account} is no more as it was (a revoked key, a
            person who has left or has another duty): {keys}

            Rotate those that you need; they stop working on {review_by}.
            """,
        ),
    },
    Kind.ACCESS_OPENED: {
        "fr": Words(
            "Notre équipe consulte les données de {account}",
            """
            Une personne de notre équipe peut consulter les données de {account}, sans rien y
            modifier, jusqu'au {until}. Motif : {reason}

            Chaque consultation est inscrite dans votre journal d'audit, sous {access}. Si ce motif
            vous surprend, contactez-nous.
            """,
        ),
        "en": Words(
            "Our team is looking at the data of {account}",
            """
            A person of our team can look at the data of {account}, and change nothing, until
            {until}. Reason: {reason}

            Each look stands in your audit entries, under {access}. If this reason surprises you,
            please contact us.
            """,
        ),
    },
    Kind.SIGN_IN_CODE: {
        "fr": Words(
            "",
            """
            {secret} est votre code, valable 10 minutes. Ne le donnez à personne.
            """,
        ),
        "en": Words(
            "",
            """
            {secret} is your code for 10 minutes. Give it to nobody.
            """,
        ),
    },
}


def letter_of(
    kind: Kind,
    language: Language,
    *,
    account_name: str,
    data: Mapping[str, str],
    livemode: bool,
    secret: str | None,
) -> Letter:
    """Return the words for one person. Raises ValueError for a value that cannot be written.

    A code stands in the text; any other secret is the link to open.
    """
    words = WORDS[kind][language]
    values = _Values({name: _written(name, value, language) for name, value in data.items()})
    values |= {"account": unlinked(account_name), "secret": secret or ""}
    paragraphs = [text.format_map(values) for text in words.paragraphs()]
    is_code = "{secret}" in words.text
    is_test = not livemode and TERMS[kind].is_of_mode and bool(words.subject)
    if is_test:
        paragraphs.append(TEST_MODE[language])
    return Letter(
        subject=(TEST_MARK if is_test else "") + one_line(words.subject.format_map(values)),
        paragraphs=tuple(paragraphs),
        closing=CLOSING[language],
        language=language,
        link=None if is_code or secret is None else _checked_link(secret),
    )


class _Values(dict[str, str]):
    """What the release that wrote a row did not say leaves a gap, not a mail that is never sent."""

    def __missing__(self, name: str) -> str:
        return "…"


def _written(name: str, value: str, language: Language) -> str:
    write = _WRITERS.get(name)
    return one_line(value, most(name)) if write is None else write(value, language)


def _day(value: str, language: Language) -> str:
    return format_day(datetime.fromisoformat(value), language)


def _moment(value: str, language: Language) -> str:
    at = datetime.fromisoformat(value)
    between = "à" if language == "fr" else "at"
    return f"{format_day(at, language)} {between} {format_time(at, language)} ({_ZONE[language]})"


def _from_on(value: str, language: Language) -> str:
    if not value.isdigit():
        return {"fr": "jamais", "en": "never"}[language]
    amount = format_money(Money(int(value)))
    return {"fr": f"à partir de {amount}", "en": f"from {amount} on"}[language]


def _amount(value: str, _language: Language) -> str:
    return format_money(Money(int(value)))


def _checked_link(text: str) -> str:
    is_link = text.startswith(("https://", "http://127.0.0.1:"))
    if not is_link or not text.isascii() or not text.isprintable() or set(text) & set(' "<>\\'):
        raise ValueError("no link to open")
    return text


def _duty(value: str, language: Language) -> str:
    return _DUTIES[language][value]


_DUTIES: Final[Mapping[Language, Mapping[str, str]]] = {
    "fr": {
        "owner": "comme propriétaire",
        "developer": "pour le développement",
        "finance": "pour les finances",
        "viewer": "en lecture seule",
    },
    "en": {
        "owner": "as an owner",
        "developer": "as a developer",
        "finance": "for its finances",
        "viewer": "to read along",
    },
}


def _stopped(value: str, language: Language) -> str:
    return ", ".join(_STOPPED[language][word] for word in value.split())


_STOPPED: Final[Mapping[Language, Mapping[str, str]]] = {
    "fr": {"charges": "nouveaux paiements", "payouts": "nouveaux versements"},
    "en": {"charges": "new charges", "payouts": "new payouts"},
}
_WRITERS: Final[Mapping[str, Callable[[str, Language], str]]] = {
    "amount": _amount,
    "duty": _duty,
    "keys_from": _from_on,
    "people_from": _from_on,
    "valid_from": _moment,
    "last_day": _day,
    "stopped": _stopped,
    "review_by": _day,
    "until": _moment,
}
