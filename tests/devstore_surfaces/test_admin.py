"""Staff by hand, and the address the app is opened at."""

from __future__ import annotations

import base64
import hashlib
import hmac
import html
import re
from urllib.parse import parse_qsl, urlencode, urlsplit

import jwt
import pytest
from flask.testing import FlaskClient

from devstore import installing
from devstore.admin import create_admin
from devstore.app_config import AppConfig
from devstore.world import Order, Stores, Variant, World
from tests.devstore_surfaces.conftest import ROOT, SECRET, SHOP

BASE = "/store/larkspur-outdoor"


@pytest.fixture
def staff(stores: Stores, config: AppConfig) -> FlaskClient:
    admin = create_admin(
        stores, config, storefront_url="http://shop.test", mail_url="http://mail.test", app_folder=ROOT
    )
    return admin.test_client()


def launch_query(page: str) -> dict[str, str]:
    found = re.search(r'id="app-frame"[^>]* src="([^"]+)"', page)
    assert found is not None
    return dict(parse_qsl(urlsplit(html.unescape(found[1])).query, keep_blank_values=True))


def order_named(world: World, name: str) -> Order:
    return next(order for order in world.orders.values() if order.name == name)


@pytest.mark.parametrize(
    "path", ["", "/orders", "/orders?only=open", "/products", "/inventory?only=out", "/themes", "/apps"]
)
def test_every_page_renders(staff: FlaskClient, path: str) -> None:
    assert staff.get(BASE + path).status_code == 200


def test_before_it_is_installed_the_app_asks_for_its_scopes(staff: FlaskClient, world: World) -> None:
    page = staff.get(f"{BASE}/apps/holdfast").text
    assert "write_products" in page
    assert "app-frame" not in page
    opened = staff.post(f"{BASE}/apps/install", follow_redirects=True)
    assert "app-frame" in opened.text
    assert world.installation is not None
    assert world.installation.scopes == {"write_products", "write_orders"}


def test_the_app_is_opened_with_signed_parameters(staff: FlaskClient, world: World, config: AppConfig) -> None:
    installing.install(world, config)
    query = launch_query(staff.get(f"{BASE}/apps/holdfast/products?only=open").text)
    signature = query.pop("hmac")
    text = urlencode(sorted(query.items()))
    assert signature == hmac.new(SECRET.encode(), text.encode(), hashlib.sha256).hexdigest()
    assert (query["embedded"], query["shop"], query["only"]) == ("1", SHOP, "open")
    assert base64.b64decode(query["host"] + "==") == b"localhost/store/larkspur-outdoor"
    claims = jwt.decode(query["id_token"], SECRET, algorithms=["HS256"], audience="key-1")
    assert claims["dest"] == f"https://{SHOP}"


def test_the_app_cannot_act_as_staff(staff: FlaskClient, world: World, config: AppConfig) -> None:
    installing.install(world, config)
    foreign = {"Origin": "http://127.0.0.1:5000"}
    assert staff.post(f"{BASE}/apps/uninstall", headers=foreign).status_code == 403
    assert staff.post(f"{BASE}/apps/holdfast/-/id-token", headers=foreign).status_code == 403
    assert world.installation is not None


def test_an_uninstalled_app_gets_no_id_token_and_leaves_the_theme(
    staff: FlaskClient, world: World, config: AppConfig
) -> None:
    installing.install(world, config)
    world.theme.has_block = True
    staff.post(f"{BASE}/apps/uninstall")
    assert world.installation is None
    assert not world.theme.has_block
    assert staff.post(f"{BASE}/apps/holdfast/-/id-token").status_code == 404


def test_the_theme_editor_keeps_nothing_until_it_is_saved(staff: FlaskClient, world: World, config: AppConfig) -> None:
    installing.install(world, config)
    deep_link = f"{BASE}/themes/current/editor?template=product&addAppBlockId=key-1/backorder&target=mainSection"
    assert "not saved yet" in staff.get(deep_link).text
    assert not world.theme.has_block
    asked = f"{BASE}/apps/holdfast/-/extensions"
    assert staff.post(asked, json={}).get_json()[0]["activations"][0]["status"] == "available"
    staff.post(f"{BASE}/themes/current/block", data={"block": "add"})
    block = staff.post(asked, json={}).get_json()[0]["activations"][0]
    assert (block["handle"], block["status"]) == ("backorder", "active")
    staff.post(f"{BASE}/themes/current/block", data={"block": "remove"})
    assert not world.theme.has_block


def test_no_block_can_be_added_without_its_app(staff: FlaskClient, world: World) -> None:
    staff.post(f"{BASE}/themes/current/block", data={"block": "add"})
    assert not world.theme.has_block


def test_goods_are_booked_in_and_counted(staff: FlaskClient, world: World) -> None:
    variant = world.variant_by_sku("WB-BLK-42")
    assert isinstance(variant, Variant)
    level = world.levels_of(variant.inventory_item_id)[0]
    address = f"{BASE}/inventory/{level.item_id}"
    staff.post(address, data={"location": level.location_id, "units": 10, "act": "receive"})
    assert level.available == 13
    staff.post(address, data={"location": level.location_id, "units": 5, "act": "count"})
    assert level.available == 5
    answer = staff.post(
        address, data={"location": level.location_id, "units": "", "act": "count"}, follow_redirects=True
    )
    assert "Type a number first" in answer.text
    assert level.available == 5


def test_an_order_is_shipped_in_part_then_paid(staff: FlaskClient, world: World) -> None:
    order = next(one for one in world.orders.values() if not one.transactions)
    line = order.lines[0]
    address = f"{BASE}/orders/{order.id}"
    staff.post(f"{address}/fulfill", data={f"line-{line.id}": 1})
    assert line.fulfilled == 1
    staff.post(f"{address}/pay")
    assert order.transactions
    again = staff.post(f"{address}/pay", headers={"Referer": address}, follow_redirects=True)
    assert 'class="message problem"' in again.text


def test_a_line_is_refunded_and_an_order_cancelled(staff: FlaskClient, world: World) -> None:
    order = order_named(world, "#1004")
    line = order.lines[0]
    staff.post(f"{BASE}/orders/{order.id}/refund", data={f"line-{line.id}": 1, "restock": "CANCEL"})
    assert (line.removed, line.unfulfilled_quantity) == (1, 1)
    staff.post(f"{BASE}/orders/{order.id}/cancel", data={"restock": "on"})
    assert order.cancelled_at is not None


def test_status_and_policy_are_set_by_hand(staff: FlaskClient, world: World) -> None:
    variant = world.variant_by_sku("WB-BLK-42")
    assert isinstance(variant, Variant)
    here = f"{BASE}/products/{variant.product_id}"
    staff.post(f"{here}/policy", data={"variant": variant.id, "policy": "CONTINUE"})
    staff.post(f"{here}/status", data={"status": "ARCHIVED"})
    assert variant.policy == "CONTINUE"
    assert world.products[variant.product_id].status == "ARCHIVED"


def test_the_clock_moves_by_a_week(staff: FlaskClient, world: World) -> None:
    before = world.now()
    staff.post(f"{BASE}/clock", data={"by": "week"})
    assert (world.now() - before).days == 7


def test_the_admin_serves_the_pictures_the_api_names(staff: FlaskClient) -> None:
    picture = staff.get("/cdn/boot-oak.svg")
    assert picture.mimetype == "image/svg+xml"
    assert staff.get("/cdn/boot-nocolour.svg").status_code == 404
