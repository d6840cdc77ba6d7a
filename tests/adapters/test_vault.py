"""Secrets open only with our keys, through a change of keys; customers' names say nothing."""

from __future__ import annotations

import pytest
from cryptography.fernet import Fernet
from hypothesis import given
from hypothesis import strategies as st

from plugin.adapters.vault import Vault, VaultError

FIRST, SECOND, THIRD = (Fernet.generate_key().decode() for _ in range(3))
SHOP = "larkspur-outdoor.myshopify.com"


@given(st.text())
def test_what_is_closed_opens_again(text: str):
    vault = Vault([FIRST])
    sealed = vault.encrypt(text)
    assert vault.decrypt(sealed) == text
    assert len(text) < 8 or text not in sealed


def test_closing_twice_looks_different():
    assert Vault([FIRST]).encrypt("shpat_1") != Vault([FIRST]).encrypt("shpat_1")


def test_a_newer_key_still_opens_the_old_and_closes_so_that_the_old_key_alone_cannot_open():
    sealed = Vault([FIRST]).encrypt("kept")
    rotated = Vault([SECOND, FIRST])
    assert rotated.decrypt(sealed) == "kept"
    with pytest.raises(VaultError):
        Vault([FIRST]).decrypt(rotated.encrypt("new"))


@pytest.mark.parametrize(
    "sealed", ["", "nonsense", Vault([THIRD]).encrypt("somebody else's")], ids=["empty", "nonsense", "somebody-elses"]
)
def test_what_we_did_not_close_is_refused(sealed: str):
    with pytest.raises(VaultError):
        Vault([FIRST]).decrypt(sealed)


def test_a_customers_name_outlives_a_new_key():
    assert Vault([FIRST]).customer_key(SHOP, "7") == Vault([SECOND, FIRST]).customer_key(SHOP, "7")


def test_a_customers_name_says_nothing_and_differs_by_shop_customer_and_key():
    name = Vault([FIRST]).customer_key(SHOP, "ann@example.com")
    assert len(name) == 32
    assert "ann" not in name
    others = {
        Vault([FIRST]).customer_key("other.myshopify.com", "ann@example.com"),
        Vault([FIRST]).customer_key(SHOP, "bob@example.com"),
        Vault([SECOND]).customer_key(SHOP, "ann@example.com"),
    }
    assert len(others | {name}) == 4


def test_a_guest_is_one_customer_however_the_address_is_written():
    vault = Vault([FIRST])
    assert vault.customer_key(SHOP, " Ann@Example.com") == vault.customer_key(SHOP, "ann@example.com")
