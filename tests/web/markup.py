"""What a browser would send back of a page's form, untouched."""

from __future__ import annotations

from html.parser import HTMLParser


class _Form(HTMLParser):
    def __init__(self, action: str) -> None:
        super().__init__()
        self.fields: dict[str, str] = {}
        self._action, self._inside = action, False
        self._open: str | None = None  # the textarea or select whose content is being read

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._inside = found.get("action") == self._action
        if not self._inside:
            return
        name, checks = found.get("name", ""), found.get("type") in ("radio", "checkbox")
        if tag == "input" and name and (not checks or "checked" in found):
            self.fields[name] = found.get("value", "")
        elif tag in ("textarea", "select"):
            self._open = name
            if tag == "textarea":
                self.fields[name] = ""
        elif tag == "option" and self._open and "selected" in found:
            self.fields[self._open] = found.get("value", "")

    def handle_data(self, data: str) -> None:
        if self._open and self._open in self.fields:
            self.fields[self._open] += data

    def handle_endtag(self, tag: str) -> None:
        if tag in ("textarea", "select", "option"):
            self._open = self._open if tag == "option" else None
        if tag == "form":
            self._inside = False


def form(html: str, action: str) -> dict[str, str]:
    """The fields of the form with this action."""
    reader = _Form(action)
    reader.feed(html)
    return {name: value.strip() for name, value in reader.fields.items()}


class _Enter(HTMLParser):
    """Per form that holds a field to type in: the button that the Enter key presses, which is its first."""

    TYPED = frozenset({"text", "number", "date", "email", "search", "url", "tel", ""})

    def __init__(self) -> None:
        super().__init__()
        self.forms: dict[str, list[tuple[bool, dict[str, str]]]] = {}
        self._here = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._here = found.get("id") or f"{len(self.forms)} {found.get('action', '')}"
            self.forms.setdefault(self._here, [])
            return
        owner = found.get("form") or self._here
        is_typed = tag == "input" and found.get("type", "") in self.TYPED
        presses = tag == "button" and found.get("type", "submit") == "submit"
        if owner and (is_typed or presses):
            self.forms.setdefault(owner, []).append((presses, found))

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._here = ""


def enter_presses(html: str) -> list[dict[str, str]]:
    """The attributes of each button that the Enter key in a field of its form presses, where there are others too."""
    reader = _Enter()
    reader.feed(html)
    found = []
    for parts in reader.forms.values():
        buttons = [attrs for presses, attrs in parts if presses]
        if len(buttons) > 1 and not all(presses for presses, _ in parts):
            found.append(buttons[0])
    return found
