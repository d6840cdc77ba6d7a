"""The random life of a shop: what people, time and the weather may do, and what must be true whenever all is quiet.

A calm act is carried through to the end at once, and the oracle says exactly what must follow. While the post is held
back acts pile up, webhooks are lost, repeated and reordered, lanes turn singly or die; then only bounds hold for what
was touched more than once, until the app's books are taken as the new beginning.
"""

from __future__ import annotations

from tests.model.checks import Checks
from tests.model.choices import Choices
from tests.model.goods import Goods
from tests.model.orders import Orders
from tests.model.weather import Weather


class Life(Orders, Goods, Choices, Weather, Checks):
    """A whole life: everything that can happen, and what must be true of it."""
