"""Nothing secret and nobody's name reaches a log, whichever way it came."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator

import jwt
import pytest
import structlog
from cryptography.fernet import Fernet
from hypothesis import given
from hypothesis import strategies as st

from plugin.logs import MASKED, configure, masked

JWT = jwt.encode({"dest": "https://a.myshopify.com"}, "a-secret-of-32-bytes-for-the-test", algorithm="HS256")
SEALED = Fernet(Fernet.generate_key()).encrypt(b"ann").decode()
SECRETS = ["shpat_0123abcdef", "shprt_0123-abc", "shpss_99", JWT, SEALED, "ann.o'neil+x@mail.example.co.uk"]


@pytest.fixture
def output() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    before, level = root.handlers, root.level
    written = io.StringIO()
    configure("worker", output=written)
    yield written
    root.handlers, root.level = before, level
    logging.captureWarnings(False)
    structlog.reset_defaults()


def lines(output: io.StringIO) -> list[dict]:
    return [json.loads(line) for line in output.getvalue().splitlines()]


def test_a_line_is_json_and_says_when_who_and_what(output: io.StringIO):
    structlog.get_logger("plugin.jobs").info("switch_turned", shop="a.myshopify.com", units=3)
    (line,) = lines(output)
    assert line["timestamp"].endswith("Z")
    del line["timestamp"]
    assert line == {
        "process": "worker",
        "level": "info",
        "logger": "plugin.jobs",
        "event": "switch_turned",
        "shop": "a.myshopify.com",
        "units": 3,
    }


@pytest.mark.parametrize("secret", SECRETS, ids=range(len(SECRETS)))
def test_a_secret_is_masked_wherever_it_stands(output: io.StringIO, secret: str):
    log = structlog.get_logger()
    log.info(f"got {secret}", detail=f"<{secret}>", deep=[{"a": (secret, {secret: 1})}], raw=secret.encode())
    log.bind(bound=secret).warning("bound")
    logging.getLogger("urllib3").warning("retrying %s", secret)
    assert secret not in output.getvalue()
    assert output.getvalue().count(MASKED) == 7


@pytest.mark.parametrize("secret", SECRETS, ids=range(len(SECRETS)))
def test_a_secret_in_an_exception_is_masked_with_all_its_causes(output: io.StringIO, secret: str):
    try:
        try:
            raise ValueError(f"bad token {secret}")
        except ValueError as cause:
            raise RuntimeError("could not") from cause
    except RuntimeError:
        structlog.get_logger().exception("job_failed")
        logging.getLogger("rq").exception("failed")
    assert secret not in output.getvalue()
    for line in lines(output):
        assert "ValueError: bad token" in line["exception"]
        assert "RuntimeError: could not" in line["exception"]


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("Authorization: Bearer abc.def-123", "abc.def-123"),
        ("redis://user:hunter2@queue:6379", "hunter2"),
        ("GET /auth/callback?code=0907a61c&hmac=700e2dad&shop=a.myshopify.com", "0907a61c"),
        ("GET /auth/callback?code=0907a61c&hmac=700e2dad&shop=a.myshopify.com", "700e2dad"),
    ],
)
def test_what_goes_over_the_wire_is_masked(text: str, kept: str):
    assert kept not in masked(text)


def test_personal_and_secret_keys_lose_their_values_however_deep():
    order = {"id": 1, "Email": "x", "customer": {"first_name": "Ann", "id": 7}, "X-Shopify-Access-Token": "t"}
    assert masked({"payload": [order]}) == {
        "payload": [
            {
                "id": 1,
                "Email": MASKED,
                "customer": {"first_name": MASKED, "id": 7},
                "X-Shopify-Access-Token": MASKED,
            }
        ]
    }


def test_libraries_speak_up_only_when_something_is_wrong(output: io.StringIO):
    logging.getLogger("httpx").info("HTTP Request: POST /admin/oauth/access_token 200")
    logging.getLogger("httpx").warning("slow")
    assert [line["event"] for line in lines(output)] == ["slow"]


def test_what_is_neither_secret_nor_personal_stays():
    kept = {"shop": "a.myshopify.com", "variant": "gid://shopify/ProductVariant/11", "units": 3, "late": True}
    assert masked(kept) == kept


@given(st.text(), st.text())
def test_an_address_never_survives(before: str, after: str):
    assert "ann@example.com" not in masked(f"{before} ann@example.com {after}")
