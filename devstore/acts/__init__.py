"""What people do to a shop. Each act holds the shop's lock, changes state, and says which webhooks follow from it."""

from devstore.acts.bundling import make_bundle
from devstore.acts.cancelling import archive, cancel
from devstore.acts.checkout import Buyer, Refused, Wanted, checkout, find_variant
from devstore.acts.editing import edit
from devstore.acts.errors import ActError
from devstore.acts.fulfilling import Tracking, cancel_parcel, fulfill, fulfill_lines
from devstore.acts.goods import (
    delete_product,
    delete_variant,
    publish_product,
    set_policy,
    set_product_status,
    set_sku,
    set_tracked,
)
from devstore.acts.holding import hold, merge, move, release, split
from devstore.acts.paying import expire, pay
from devstore.acts.refunding import RefundWish, refund
from devstore.acts.returning import close_return, dispose, open_return, take_back
from devstore.acts.routing import route
from devstore.acts.stock import adjust_stock, set_stock
from devstore.acts.tagging import touch_order

__all__ = [
    "ActError",
    "Buyer",
    "RefundWish",
    "Refused",
    "Tracking",
    "Wanted",
    "adjust_stock",
    "archive",
    "cancel",
    "cancel_parcel",
    "checkout",
    "close_return",
    "delete_product",
    "delete_variant",
    "dispose",
    "edit",
    "expire",
    "find_variant",
    "fulfill",
    "fulfill_lines",
    "hold",
    "make_bundle",
    "merge",
    "move",
    "open_return",
    "pay",
    "publish_product",
    "refund",
    "release",
    "route",
    "set_policy",
    "set_product_status",
    "set_sku",
    "set_stock",
    "set_tracked",
    "split",
    "take_back",
    "touch_order",
]
