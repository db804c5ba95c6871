"""People are told: from an endpoint that says 410, and a new key, to a mail for each, once."""

from tests.end_to_end.people import open_household
from tests.end_to_end.waiting import wait_for
from tests.system import LocalSystem

# A few seconds; on a busy machine a message that must come again does so after ten.
PATIENCE_SECONDS = 60.0
TOLD = {
    ("owner", "[test] Point de réception désactivé : 127.0.0.1"),
    ("owner", "[test] Nouvelle clé d'API pour Boutique Partie"),
    ("developer", "[test] Webhook endpoint disabled: 127.0.0.1"),
    ("developer", "[test] New API key for Boutique Partie"),
}


def test_who_minds_endpoints_and_keys_is_told(local_system: LocalSystem) -> None:
    """Owner and developer get one mail each, in their language, in a private folder; no viewer."""
    with open_household(local_system, "Boutique Partie") as household:
        household.provoke()
        wait_for(
            "four mails", lambda: len(household.mails()) >= len(TOLD), seconds=PATIENCE_SECONDS
        )
        told = household.mails()

    assert {(duty, str(mail["Subject"])) for duty, mail in told} == TOLD
    assert len({mail["Message-ID"] for _, mail in told}) == len(told)
    mailbox = local_system.data_dir / "mailbox"
    assert mailbox.stat().st_mode & 0o777 == 0o700
    assert {file.stat().st_mode & 0o777 for file in mailbox.iterdir()} == {0o600}
    told_of = next(mail["To"] for duty, mail in told if duty == "developer")
    assert f"Mail to {told_of}: [test] Webhook" in local_system.output.read_text()
