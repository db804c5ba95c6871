"""Accounts: their state, their activation, their payers."""

from collections.abc import Mapping
from typing import Final

from shared.domain.words import Words

WORDS: Final[Mapping[str, Words]] = {
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
    "account_suspended_lately": Words(
        "The account was suspended a moment ago",
        "Le compte vient d'être suspendu",
        "What was under way when the account was suspended may still end. "
        "Please try again in {seconds:second|seconds}.",
        "Ce qui était en cours lors de la suspension peut encore se terminer. "
        "Veuillez réessayer dans {seconds:seconde|secondes}.",
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
    "test_mode_only": Words(
        "This exists in the test mode only",
        "Ceci n'existe qu'en mode test",
        "Data of the live mode cannot be deleted, and its clock cannot be moved.",
        "Les données du mode réel ne peuvent pas être supprimées, ni son horloge avancée.",
    ),
    "test_clock_not_forward": Words(
        "The test clock only goes forward",
        "L'horloge de test ne va que vers l'avant",
        "In the test mode it is later than that already. Please give a later time.",
        "En mode test il est déjà plus tard. Veuillez donner une heure ultérieure.",
    ),
    "test_clock_too_far": Words(
        "The test clock would be too far ahead",
        "L'horloge de test aurait trop d'avance",
        "The test clock may be {limit} days ahead in all. Please advance it by less.",
        "L'horloge de test peut avoir {limit} jours d'avance en tout. Veuillez l'avancer moins.",
    ),
    "customer_code_invalid": Words(
        "The code is not valid",
        "Le code n'est pas valable",
        "This code is wrong or no longer valid. Please check it, or ask for another one.",
        "Ce code est faux ou n'est plus valable. Veuillez le vérifier, ou en demander un autre.",
    ),
}
