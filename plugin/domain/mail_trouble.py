"""Why a mail did not leave, in words for the merchant, from what the mail server or we noted."""

from __future__ import annotations

import re
from dataclasses import dataclass

UNWRITTEN = "we could not write it, which is a mistake of ours"
NO_ADDRESS = "Shopify gave us no email address for this order"
NO_OWN_ADDRESS = "we know no address of yours: enter one in Settings, Safety"

_ANSWER = re.compile(r"(?P<code>[245]\d\d)[ -](?:(?P<class>[245])\.(?P<subject>\d{1,3})\.(?P<detail>\d{1,3}))?")
_CORRECT_IT = "Correct the address on the order in Shopify, then try again."
_ASK_THEM = "Try again later, or reach the customer another way."


@dataclass(frozen=True, slots=True)
class Trouble:
    """`words`: what happened. `advice`: what helps. `said`: the server's own words; empty where there are none."""

    words: str
    advice: str
    said: str = ""


_BY_STATUS = {
    ("1", "1"): Trouble("There is no such address.", _CORRECT_IT),
    ("1", "2"): Trouble("The domain of the address takes no mail.", _CORRECT_IT),
    ("1", "3"): Trouble("The address is not one.", _CORRECT_IT),
    ("1", "10"): Trouble("The domain of the address takes no mail.", _CORRECT_IT),
    ("2", "1"): Trouble("The customer’s mailbox is closed.", _ASK_THEM),
    ("2", "2"): Trouble("The customer’s mailbox is full.", _ASK_THEM),
}
_BY_CODE = {
    "550": Trouble("Their mail server does not take mail for this address.", _CORRECT_IT),
    "551": Trouble("Their mail server does not take mail for this address.", _CORRECT_IT),
    "552": Trouble("The customer’s mailbox is full.", _ASK_THEM),
    "553": Trouble("The address is not one.", _CORRECT_IT),
}
_REFUSED = Trouble("The mail server refuses this mail.", "Try again later. If it goes on, ask whoever runs Holdfast.")
_PUT_OFF = Trouble("The mail server put us off until we gave up.", "Try again; such a thing mostly passes.")
_UNREACHED = Trouble("The mail server could not be reached.", "Try again; such a thing mostly passes.")


def explain(error: str) -> Trouble:
    """
    Say why a mail failed.

    Source:
        RFC 5321, 4.2.3 (reply codes), RFC 3463, 3 (status codes: subject and detail).
    """
    if error.startswith(UNWRITTEN):
        said = error.removeprefix(UNWRITTEN).lstrip(": ")
        return Trouble("We could not write this mail. The mistake is ours.", "Trying again writes it anew.", said)
    if error == NO_ADDRESS:
        return Trouble("Shopify gave us no email address for this order.", "Add one to the order, then try again.")
    if error == NO_OWN_ADDRESS:
        return Trouble("We know no address of yours.", "Enter one in Settings, Safety.")
    if error.startswith("not an address"):
        return Trouble("The address is not one.", _CORRECT_IT, error)
    found = _of_server(_ANSWER.match(error))
    return Trouble(found.words, found.advice, error)


def _of_server(answer: re.Match[str] | None) -> Trouble:
    if answer is None:
        return _UNREACHED
    if answer["code"].startswith("4"):
        return _PUT_OFF
    if answer["subject"]:
        return _BY_STATUS.get((answer["subject"], answer["detail"]), _REFUSED)
    return _BY_CODE.get(answer["code"], _REFUSED)
