"""The settings form: its fields as shown, as a browser sends them, and in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode

from plugin.domain.preferences import ShopSettings
from plugin.domain.stale_form import Difference, differences, is_mine_to_save
from plugin.services import save_settings
from plugin.web import figures
from plugin.web.parts import parts

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")

# What each value of the form is called where two of them are compared.
NAMES = {
    "date_words": "The date means",
    "date_range_days": "Dates are shown as",
    "handling_days": "Handling",
    "working_days": "Working days",
    "holidays": "Days off",
    "review_days": "Without a date, we write again after",
    "show_units_left": "Show how many units are left",
    "unpaid_keeps_hours": "Unpaid orders keep their units",
    "sender": "Send from",
    "reply_to": "Answers go to",
    "mail_on_confirmed": "Mail when an order waits for goods",
    "mail_on_date_changed": "Mail when a date moves",
    "mail_on_filled": "Mail when the goods are here",
    "mail_on_track": "Mail when nothing has changed for a while",
    "mail_pos": "Mail about orders taken at the till",
    "may_cancel": "Customers may cancel the waiting part",
    "tell_after_days": "Tell customers when a date moves more than",
    "on_track_days": "While nothing changes, say so every",
    "ask_above_mails": "Ask me before sending more than",
    "alerts_to": "Alerts go to",
    "accept_rises_after_minutes": "Wait for an explanation of risen stock",
    "asks_about_rises": "When stock rises without a delivery",
    "brake_on": "Open nothing new when many products hit zero",
}
# Values that take other controls than one of their name.
CONTROLS = {
    "date_range_days": ("date_shape", "date_range_days"),
    "working_days": tuple(f"working_day_{n}" for n in range(1, 8)),
    "unpaid_keeps_hours": ("unpaid_mode", "unpaid_number", "unpaid_unit"),
    "asks_about_rises": ("rises",),
}
UNITS = {
    "handling_days": "working day",
    "review_days": "day",
    "tell_after_days": "day",
    "on_track_days": "day",
    "ask_above_mails": "mail",
    "accept_rises_after_minutes": "minute",
}


def shown(settings: ShopSettings, typed: Mapping[str, str] | None) -> dict[str, Any]:
    """The fields as the page shows them: what was typed, else what is stored."""
    if typed is not None:
        kept: dict[str, Any] = dict(typed)
        kept["working_days"] = {n for n in range(1, 8) if typed.get(f"working_day_{n}") == "yes"}
        kept |= {name: typed.get(name) == "yes" for name in save_settings.SWITCHES}
        return kept
    return {
        **{name: getattr(settings, name) for name in (*save_settings.WHOLE_NUMBERS, *save_settings.SWITCHES)},
        "version": settings.version,
        "date_words": settings.date_words,
        "date_shape": "range" if settings.date_range_days else "day",
        "date_range_days": settings.date_range_days or 7,
        "working_days": settings.working_days,
        "holidays": save_settings.holidays_as_text(settings.holidays),
        "rises": "ask" if settings.asks_about_rises else "count",
        **save_settings.unpaid_as_typed(settings.unpaid_keeps_hours),
        **{name: _address(settings, name) for name in save_settings.ADDRESSES},
        "opened": urlencode(sent(settings)),
    }


def sent(settings: ShopSettings) -> dict[str, str]:
    """The stored settings as a browser would send them unchanged."""
    fields = {name: str(getattr(settings, name)) for name in save_settings.WHOLE_NUMBERS}
    fields |= {name: "yes" for name in save_settings.SWITCHES if getattr(settings, name)}
    fields |= {f"working_day_{n}": "yes" for n in settings.working_days}
    fields |= {name: _address(settings, name) for name in save_settings.ADDRESSES}
    fields |= {name: str(value) for name, value in save_settings.unpaid_as_typed(settings.unpaid_keeps_hours).items()}
    return fields | {
        "date_words": settings.date_words,
        "date_shape": "range" if settings.date_range_days else "day",
        "holidays": save_settings.holidays_as_text(settings.holidays),
        "rises": "ask" if settings.asks_about_rises else "count",
    }


def compare(settings: ShopSettings, typed: Mapping[str, str]) -> tuple[Difference, ...]:
    """What differs between the settings as they are and a form opened before they were saved, in the page's order."""
    before, _ = save_settings.read_form(dict(parse_qsl(typed.get("opened", ""), keep_blank_values=True)))
    found = differences(
        before if "opened" in typed else {},
        save_settings.check_form(sent(settings)),
        save_settings.check_form(typed),
    )
    return tuple(sorted(found, key=lambda difference: list(NAMES).index(difference.name)))


def may_save(settings: ShopSettings, typed: Mapping[str, str]) -> bool:
    """Whether nobody else changed a field of the form, whatever else was switched meanwhile."""
    return is_mine_to_save(compare(settings, typed))


def chosen(settings: ShopSettings, typed: Mapping[str, str]) -> dict[str, str]:
    """The typed form, with the stored value wherever `keep_<name>` is `theirs`."""
    fields, stored = dict(typed), sent(settings)
    for name in NAMES:
        if typed.get(f"keep_{name}") != "theirs":
            continue
        for control in CONTROLS.get(name, (name,)):
            fields.pop(control, None)
            if control in stored:
                fields[control] = stored[control]
    return fields


def in_words(name: str, value: Any) -> str:
    """Say a value of the form as somebody would read it out."""
    if isinstance(value, bool):
        yes, no = ("ask me", "count it") if name == "asks_about_rises" else ("yes", "no")
        return yes if value else no
    if name == "date_words":
        return "ships around" if value == "ships" else "back in stock around"
    if name == "date_range_days":
        return f"a range of {figures.count(value, 'day')}" if value else "one day"
    if name == "working_days":
        return ", ".join(DAYS[n - 1] for n in sorted(value))
    if name == "holidays":
        return save_settings.holidays_as_text(value) or "none"
    if name == "unpaid_keeps_hours":
        return _hours(value)
    if name in UNITS:
        return figures.count(value, UNITS[name])
    return str(value) or "nothing"


def _hours(value: int | None) -> str:
    if value is None:
        return "until they are paid"
    typed = save_settings.unpaid_as_typed(value)
    return f"for {figures.count(int(typed['unpaid_number']), str(typed['unpaid_unit']).removesuffix('s'))}"


def _address(settings: ShopSettings, name: str) -> str:
    sealed = getattr(settings, f"{name}_encrypted")
    return parts().vault.decrypt(sealed) if sealed else ""
