"""A shop's busy afternoon: shoppers and staff doing whatever they do, the same for the same seed."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import requests

LOCATIONS = ("Berlin warehouse", "Leipzig warehouse")


class RandomLife:
    """
    Acts through devstore's control (`http://…/_devstore`), one at a time. `orders` are those of this life, as the store
    told them last.

    What the store refuses (a checkout past the switch, an edit of a cancelled order) is part of life.
    """

    def __init__(self, control: str, seed: int, skus: list[str], *, orders_from: int = 0) -> None:
        self._control = control
        self._random = random.Random(seed)
        self._skus = skus
        self._count = orders_from
        self.orders: dict[int, dict[str, Any]] = {}
        self.done: list[str] = []

    def act(self) -> None:
        """Do one thing."""
        acts: list[tuple[int, Callable[[], str]]] = [
            (46, self._checkout),
            (6, self._pay),
            (12, self._edit),
            (7, self._cancel),
            (8, self._refund),
            (8, self._fulfill),
            (10, self._receive),
            (3, self._count_stock),
        ]
        weights = [weight for weight, _ in acts]
        (chosen,) = self._random.choices([do for _, do in acts], weights)
        self.done.append(chosen())

    def _post(self, path: str, **given: Any) -> bool:
        response = requests.post(f"{self._control}/{path}", json=given, timeout=30)
        if response.status_code in (404, 422):
            return False
        response.raise_for_status()
        order = response.json().get("order")
        if order:
            self.orders[order["id"]] = order
        return True

    def _checkout(self) -> str:
        self._count += 1
        skus = self._random.sample(self._skus, self._random.choice((1, 1, 1, 2, 3)))
        lines = [{"sku": sku, "quantity": self._random.randint(1, 4)} for sku in skus]
        customer = {
            "email": f"buyer{self._count}@example.com",
            "first_name": f"Buyer{self._count}",
            "last_name": "Example",
            "locale": self._random.choice(("en", "de")),
        }
        bought = self._post("checkout", lines=lines, customer=customer, paid=self._random.random() < 0.85)
        return f"checkout {lines} {'bought' if bought else 'refused'}"

    def _some_order(self) -> dict[str, Any] | None:
        live = [o for o in self.orders.values() if not o["cancelled"]]
        return self._random.choice(live) if live else None

    def _some_line(self) -> tuple[dict[str, Any], dict[str, Any]] | None:
        order = self._some_order()
        lines = [line for line in order["lines"] if line["open"]] if order else []
        return (order, self._random.choice(lines)) if order and lines else None

    def _pay(self) -> str:
        unpaid = [o for o in self.orders.values() if o["financial_status"] == "PENDING" and not o["cancelled"]]
        if not unpaid:
            return "pay nothing"
        order = self._random.choice(unpaid)
        return f"pay {order['name']} {self._post('pay', order_id=order['id'])}"

    def _edit(self) -> str:
        found = self._some_line()
        if found is None:
            return "edit nothing"
        order, line = found
        wanted = max(0, line["current_quantity"] + self._random.choice((-2, -1, 1, 2)))
        added = []
        if self._random.random() < 0.2:
            truth = requests.get(f"{self._control}/truth", timeout=30).json()
            sku = self._random.choice(self._skus)
            variant = next(v for v in truth["variants"] if v["sku"] == sku)
            added = [{"variant_id": variant["id"], "quantity": self._random.randint(1, 2)}]
        done = self._post("edit", order_id=order["id"], set=[{"line_id": line["id"], "quantity": wanted}], add=added)
        return f"edit {order['name']} {line['sku']} to {wanted} and {added}: {done}"

    def _cancel(self) -> str:
        order = self._some_order()
        if order is None:
            return "cancel nothing"
        restock = self._random.random() < 0.8
        return (
            f"cancel {order['name']} restock {restock}: {self._post('cancel', order_id=order['id'], restock=restock)}"
        )

    def _refund(self) -> str:
        found = self._some_line()
        if found is None:
            return "refund nothing"
        order, line = found
        kind = self._random.choice(("cancel", "cancel", "no_restock"))
        units = self._random.randint(1, line["open"])
        wish = {"line_id": line["id"], "quantity": units, "restock_type": kind}
        done = self._post("refund", order_id=order["id"], lines=[wish])
        return f"refund {order['name']} {line['sku']} {units} {kind}: {done}"

    def _fulfill(self) -> str:
        found = self._some_line()
        if found is None:
            return "fulfill nothing"
        order, line = found
        units = self._random.randint(1, line["open"])
        done = self._post("fulfill", order_id=order["id"], lines=[{"line_id": line["id"], "quantity": units}])
        return f"fulfill {order['name']} {line['sku']} {units}: {done}"

    def _receive(self) -> str:
        sku, place = self._random.choice(self._skus), self._random.choice(LOCATIONS)
        units = self._random.randint(1, 5)
        self._post("stock", sku=sku, location=place, delta=units, reason="received")
        return f"receive {units} {sku} at {place}"

    def _count_stock(self) -> str:
        sku, place = self._random.choice(self._skus), self._random.choice(LOCATIONS)
        units = self._random.randint(0, 3)
        self._post("stock", sku=sku, location=place, available=units, reason="cycle_count_available")
        return f"count {units} {sku} at {place}"
