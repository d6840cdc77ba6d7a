"""Logs: one JSON object a line on standard output, with nothing in it that is secret or says who a customer is."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Mapping
from typing import Any, TextIO

import structlog
from structlog.typing import EventDict, WrappedLogger

MASKED = "[masked]"

# Keys under which Shopify and we carry people's data; their values go, whatever they are.
PERSONAL_KEYS = frozenset(
    "email contact_email customer_email phone first_name last_name display_name customer_name recipient "
    "address1 address2 address city zip billing_address shipping_address default_address addresses "
    "note note_attributes latitude longitude order_status_url status_page_url client_details browser_ip".split()
)
# Keys under which secrets travel.
SECRET_KEYS = frozenset(
    "authorization cookie set_cookie password secret access_token refresh_token id_token subject_token "
    "x_shopify_access_token client_secret api_secret hmac signature encryption_key".split()
)
_SECRETS = re.compile(
    r"""
      \bshp[a-z]{2,4}_[A-Za-z0-9_-]+                                    # Shopify's tokens: shpat_ shprt_ shpss_ …
    | \beyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]*)?          # a JWT
    | (?<=://)[^\s/:@]*:[^\s@/]+(?=@)                                   # user:password in a URL
    | (?i:\b(?:bearer|basic)\s+)[A-Za-z0-9._~+/=-]{6,}                  # Authorization's value
    | (?i:\b(?:access_token|refresh_token|id_token|client_secret|hmac|signature|code)=)[^&\s"']+
    | \bgAAAA[A-Za-z0-9_=-]{20,}                                        # what the vault closed
    """,
    re.VERBOSE,
)
# Libraries that report every ordinary step.
_CHATTY = ("alembic", "httpx", "httpcore", "urllib3")
_MAIL_ADDRESS = re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]+@[\w-]+(?:\.[\w-]+)+")


def masked(value: Any) -> Any:
    """Copy a value of a log line without secrets, mail addresses and known personal keys, however deep."""
    if isinstance(value, str):
        return _MAIL_ADDRESS.sub(MASKED, _SECRETS.sub(MASKED, value))
    if isinstance(value, Mapping):
        return {str(masked(str(key))): _masked_under(str(key), inner) for key, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [masked(inner) for inner in value]
    if value is None or isinstance(value, bool | int | float):
        return value
    return masked(value.decode(errors="replace") if isinstance(value, bytes | bytearray) else str(value))


def _masked_under(key: str, value: Any) -> Any:
    plain_key = key.lower().replace("-", "_")
    return MASKED if plain_key in PERSONAL_KEYS or plain_key in SECRET_KEYS else masked(value)


def mask_event(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """The processor before the last: whatever came in, only this goes out."""
    return {key: _masked_under(key, value) for key, value in event.items()}


def configure(process: str, *, output: TextIO | None = None, level: int = logging.INFO) -> None:
    """
    Send structlog's and the standard library's records through the same mask, as JSON lines.

    Args:
        process: Which of our processes this is; every line says it.
        output: Standard output when left out.
    """
    structlog.configure(
        processors=[*_shared(process), structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(output or sys.stdout)
    handler.setFormatter(json_lines(process))
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    for name in _CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.captureWarnings(True)


def json_lines(process: str) -> logging.Formatter:
    """Write records as masked JSON lines; the web server's own records too (`plugin/granian.json`)."""
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=_shared(process),
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            mask_event,
            structlog.processors.JSONRenderer(sort_keys=False),
        ],
    )


def _shared(process: str) -> list[structlog.typing.Processor]:
    def name_process(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        return {"process": process, **event}

    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        name_process,
        structlog.processors.format_exc_info,
        structlog.processors.StackInfoRenderer(),
    ]
