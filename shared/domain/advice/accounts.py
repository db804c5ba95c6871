"""Advice about accounts: their state, their activation, their payers."""

from collections.abc import Mapping
from typing import Final

from shared.domain.advice import Advice

ADVICE: Final[Mapping[str, Advice]] = {
    "account_state_refuses": Advice(
        ("400",),
        "Read the account: its state tells which changes are possible.",
        "Lisez le compte : son état dit quelles modifications sont possibles.",
        "The account is in a state in which it cannot be changed in this way.",
        "Le compte est dans un état où il ne peut pas être modifié ainsi.",
    ),
    "documents_missing": Advice(
        ("400",),
        "Record the documents that are named, then propose the activation again.",
        "Enregistrez les documents nommés, puis proposez de nouveau l'activation.",
        "Before the activation somebody must have looked at the documents that are named.",
        "Avant l'activation, quelqu'un doit avoir examiné les documents nommés.",
    ),
    "proposal_open": Advice(
        ("400",),
        "Decide the open proposal first; there is one at a time.",
        "Tranchez d'abord la proposition en cours ; il n'y en a qu'une à la fois.",
    ),
    "proposal_not_open": Advice(
        ("400",),
        "Read the account; where the change is still wanted, propose it anew.",
        "Lisez le compte ; si la modification reste voulue, proposez-la de nouveau.",
    ),
    "proposal_changed": Advice(
        ("400",),
        "Read the account and the proposal again, and send the digest of what you see now.",
        "Relisez le compte et la proposition, et envoyez l'empreinte de ce que vous voyez.",
    ),
    "account_suspended_lately": Advice(
        ("400",),
        "Wait as many seconds as the message says, then try again.",
        "Attendez le nombre de secondes indiqué, puis réessayez.",
        "What was under way when the account was suspended may still end.",
        "Ce qui était en cours lors de la suspension peut encore se terminer.",
    ),
    "account_not_settled": Advice(
        ("400",),
        "Pay out what is owed and wait for what is under way; the message names what is left.",
        "Versez ce qui est dû et attendez ce qui est en cours ; le message dit ce qui reste.",
        "An account is closed once nothing is owed or under way.",
        "Un compte est fermé quand rien n'est dû ni en cours.",
    ),
    "account_closed": Advice(
        ("400",),
        "Export the account's data; a closed account is not looked into.",
        "Exportez les données du compte ; un compte fermé ne se consulte plus.",
    ),
    "mode_missing": Advice(
        ("400",),
        "Use the test mode until the account is active.",
        "Utilisez le mode test jusqu'à l'activation du compte.",
    ),
    "test_mode_only": Advice(
        ("400",),
        "Send the request with a test key, or with Pay-Mode: test.",
        "Envoyez la requête avec une clé de test, ou avec Pay-Mode: test.",
    ),
    "test_clock_not_forward": Advice(
        ("400",),
        "Read the clock for what time it is; emptying the test mode puts it back to the present.",
        "Lisez l'horloge pour savoir l'heure ; vider le mode test la ramène au présent.",
    ),
    "test_clock_too_far": Advice(
        ("400",),
        "Empty the test mode, which puts the clock back to the present, and begin anew.",
        "Videz le mode test, ce qui ramène l'horloge au présent, et recommencez.",
        "The test clock would be further ahead of the present than it may be.",
        "L'horloge de test aurait plus d'avance sur le présent qu'elle ne peut en avoir.",
    ),
    "customer_code_invalid": Advice(
        ("400",),
        "Ask for a new code; each is right once, for ten minutes and five tries.",
        "Demandez un nouveau code ; chacun vaut une fois, dix minutes et cinq essais.",
    ),
}
