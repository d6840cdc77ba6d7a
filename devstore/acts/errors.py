"""Why an act could not be done."""

from __future__ import annotations


class ActError(Exception):
    """The shop's state does not allow the act; `code` is Shopify's word for it where there is one."""

    def __init__(self, message: str, code: str | None = None, field: list[str] | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.field = field
