"""Why a mail failed, said so that the merchant knows what helps."""

from __future__ import annotations

import pytest

from plugin.domain.mail_trouble import NO_ADDRESS, NO_OWN_ADDRESS, UNWRITTEN, explain


@pytest.mark.parametrize(
    ("error", "words"),
    [
        ("550 5.1.1 <[masked]>: no such user", "There is no such address."),
        ("550-5.1.1 the email account does not exist", "There is no such address."),
        ("550 no such mailbox", "Their mail server does not take mail for this address."),
        ("553 bad", "The address is not one."),
        ("552 5.2.2 over quota", "The customer’s mailbox is full."),
        ("550 5.7.26 unauthenticated", "The mail server refuses this mail."),
        ("554 spam", "The mail server refuses this mail."),
        ("451 4.7.1 greylisted", "The mail server put us off until we gave up."),
        ("mail.example:587: ConnectionRefusedError: [Errno 111]", "The mail server could not be reached."),
        ("not an address: …@buyer", "The address is not one."),
        (NO_ADDRESS, "Shopify gave us no email address for this order."),
        (NO_OWN_ADDRESS, "We know no address of yours."),
        (f"{UNWRITTEN}: KeyError: 'x'", "We could not write this mail. The mistake is ours."),
    ],
)
def test_a_failure_is_said_in_plain_words(error: str, words: str) -> None:
    assert explain(error).words == words


def test_what_the_server_said_is_kept_beside_them() -> None:
    assert explain("554 spam").said == "554 spam"
    assert explain(f"{UNWRITTEN}: KeyError: 'x'").said == "KeyError: 'x'"
    assert explain(NO_ADDRESS).said == ""
