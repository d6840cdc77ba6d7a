"""One thing that cannot be dealt with must not hold up the others."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

import structlog

from plugin.adapters.database.transaction import AWAY
from plugin.adapters.job_queue import RunTooLong
from plugin.errors import Conflict, ShopifyError

_T = TypeVar("_T")
_log = structlog.get_logger(__name__)


def one_by_one(
    act: Callable[[Sequence[_T]], object], things: Sequence[_T], put_aside: Callable[[_T, Exception], object]
) -> None:
    """
    Act on all things at once; should something be wrong with one of them, on each alone.

    Args:
        act: May be run again for things it has acted on already.
        put_aside: Told of each thing that fails alone, and why, so that it is seen and not tried for ever.
    Raises:
        ShopifyError, Conflict, RunTooLong, AWAY: What is wrong is not in the things, and passes.
    """
    name = getattr(act, "__name__", "") or act.func.__name__  # type: ignore[attr-defined]  # of a partial
    try:
        act(things)
    except (ShopifyError, Conflict, RunTooLong, *AWAY):
        raise
    except Exception as exc:  # noqa: BLE001 - whatever it is, a mistake of ours above all
        if len(things) > 1:
            _log.info("one_by_one", act=name, count=len(things), problem=type(exc).__name__)
            for thing in things:
                one_by_one(act, [thing], put_aside)
            return
        _log.error("put_aside", act=name, thing=str(things[0]), exc_info=True)
        put_aside(things[0], exc)
