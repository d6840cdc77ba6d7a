"""Change what the badge says: the merchant's own words, checked, kept, and sent to the theme block."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from plugin.adapters.database import due, effects, wording
from plugin.adapters.database.effects import Effect
from plugin.adapters.database.transaction import Database, Transaction
from plugin.domain.badge_wording import IN_ORDER_NOTES, read_typed
from plugin.domain.locales import Wording
from plugin.errors import FieldErrors

if TYPE_CHECKING:
    from plugin.adapters.job_queue import JobQueue

# One metafield of the installation holds the words of every language.
SUBJECT = "words"
NO_WORDS = "{}"


def save(
    db: Database, jobs: JobQueue, shop: str, language: str, version: int, typed: Mapping[str, str], now: datetime
) -> None:
    """
    Save one language's words; a text equal to ours, or left out, is ours from now on.

    Args:
        version: The version the form was opened with.
    Raises:
        FieldErrors: Nothing was saved; what is wrong, by text.
        Conflict: Somebody saved since the form was opened.
    """
    own, errors = read_typed(typed, language)
    if errors:
        raise FieldErrors(errors)
    with db.begin() as tx:
        before = wording.read(tx, shop)
        if version == wording.version(tx, shop, language) and own == before.get(language, {}):
            return
        wording.replace(tx, shop, language, version, own)
        after = {**before, language: own}
        _publish(tx, shop, after, now)
        was = before.get(language, {})
        if any(was.get(key) != own.get(key) for key in IN_ORDER_NOTES):
            due.mark(tx, shop, due.QUEUE, "all", [""], now)
            tx.after_commit(lambda: jobs.wake(shop, "queue"))
        tx.after_commit(lambda: jobs.wake(shop, "effects"))


def publish_again(tx: Transaction, shop: str, now: datetime) -> None:
    """A new installation begins without the words that the last one held: send them once more."""
    effects.forget(tx, shop, Effect.WORDS)
    _publish(tx, shop, wording.read(tx, shop), now)


def _publish(tx: Transaction, shop: str, said: Wording, now: datetime) -> None:
    text = json.dumps({language: texts for language, texts in said.items() if texts}, sort_keys=True)
    effects.want(tx, shop, Effect.WORDS, SUBJECT, text, now, unwritten=NO_WORDS)
