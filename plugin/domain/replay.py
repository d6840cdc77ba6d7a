"""Balances from commitments: what the ledger of a line, or of an item at a location, adds up to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from plugin.domain.allocation import Tranche
from plugin.domain.facts import LocationGid
from plugin.domain.ledger import Entry, Kind
from plugin.domain.promises import Promise
from plugin.domain.review import LinePromises
from plugin.domain.supply import ARRIVAL_CAUSES, Arrival, Fall, still_refused

# How an entry changes the units held for its line at its location.
_HELD = {Kind.COVERED: 1, Kind.GRANT: 1, Kind.WITHDRAW: -1, Kind.SETTLE: -1, Kind.UNSHIPPED: 1}
_SHIPPED = {Kind.SETTLE: 1, Kind.UNSHIPPED: -1}


@dataclass(frozen=True, slots=True)
class LineHistory:
    """
    What the ledger says about one line.

    tranches: by number, units after lowering. held: covered and granted, less withdrawn, less settled; no zeros.
    settled: shipped units we have recorded; left: those of them that were held, by location. joined: units that ever
    joined the queue, lowered ones too. steps: the highest number used, by kind. last_grant: the entry that gave it
    units last. overage: units recorded at sale as past the limit. tell_inherited: the merchant said that the customer
    of a line from before the install be told.
    """

    tranches: tuple[Tranche, ...] = ()
    held: Mapping[LocationGid, int] = field(default_factory=dict)
    settled: int = 0
    left: Mapping[LocationGid, int] = field(default_factory=dict)
    joined: int = 0
    steps: Mapping[str, int] = field(default_factory=dict)
    promises: LinePromises = field(default_factory=LinePromises)
    last_grant: str | None = None
    overage: int = 0
    tell_inherited: bool = False


@dataclass(frozen=True, slots=True)
class LocationHistory:
    """
    What the ledger says about an item at one location.

    accepted: None before the opening count. refused: units the merchant called unreal that still show in Shopify.
    falls: those that nothing has named, oldest first. accept_steps, baseline_steps, refuse_steps: the highest number
    used. opened_at: when it was counted first. arrived: rises explained by no delivery. corrections: those the merchant
    asked for.
    """

    accepted: int | None = None
    accept_steps: int = 0
    baseline: int = 0
    baseline_steps: int = 0
    refused: int = 0
    refuse_steps: int = 0
    falls: tuple[Fall, ...] = ()
    opened_at: datetime | None = None
    arrived: tuple[Arrival, ...] = ()
    corrections: tuple[Arrival, ...] = ()

    def to_json(self, *, since: datetime) -> dict[str, Any]:
        """As plain values. What happened before `since`, an instant, is kept only in the sums."""
        return {
            **{name: getattr(self, name) for name in _SUMS},
            "opened_at": self.opened_at.isoformat() if self.opened_at else None,
            "falls": [[fall.at.isoformat(), fall.units] for fall in self.falls if fall.at >= since],
            "arrived": [[a.at.isoformat(), a.units, a.cause] for a in self.arrived if a.at >= since],
            "corrections": [[a.at.isoformat(), a.units, a.cause] for a in self.corrections if a.at >= since],
        }

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> LocationHistory:
        """The inverse of `to_json`."""

        def arrivals(name: str) -> tuple[Arrival, ...]:
            return tuple(Arrival(datetime.fromisoformat(at), units, cause) for at, units, cause in raw[name])

        return cls(
            **{name: raw[name] for name in _SUMS},
            opened_at=datetime.fromisoformat(raw["opened_at"]) if raw["opened_at"] else None,
            falls=tuple(Fall(datetime.fromisoformat(at), units) for at, units in raw["falls"]),
            arrived=arrivals("arrived"),
            corrections=arrivals("corrections"),
        )


_SUMS = ("accepted", "accept_steps", "baseline", "baseline_steps", "refused", "refuse_steps")


def step_of(entry: Entry) -> int:
    """The entry's own number, the last part of its name."""
    return int(entry.entry_id.rsplit("/", 1)[1])


def fold_line(entries: Iterable[Entry]) -> LineHistory:
    """Add up the entries of one line, in ledger order. Entries of other kinds are passed over."""
    tranches: dict[int, Tranche] = {}
    held: dict[LocationGid, int] = defaultdict(int)
    left: dict[LocationGid, int] = defaultdict(int)
    steps: dict[str, int] = {}
    settled = overage = joined_units = 0
    promises, last_grant, tell_inherited = LinePromises(), None, False
    for entry in entries:
        units = entry.units or 0
        steps[entry.kind.value] = max(steps.get(entry.kind.value, 0), step_of(entry))
        if entry.kind in _HELD:
            held[LocationGid(entry.location_id or "")] += _HELD[entry.kind] * units
        if entry.kind is Kind.GRANT:
            last_grant = entry.entry_id
        elif entry.kind in _SHIPPED:
            settled += _SHIPPED[entry.kind] * int(entry.data["shipped"])
            left[LocationGid(entry.location_id or "")] += _SHIPPED[entry.kind] * units
        elif entry.kind is Kind.TRANCHE:
            tranches[step_of(entry)] = _tranche(entry)
            joined_units += units
        elif entry.kind is Kind.PAID:
            joined = datetime.fromisoformat(entry.data["queue_time"])
            n = int(entry.data["tranche"])
            tranches[n] = replace(tranches[n], queue_time=joined, unpaid=False)
        elif entry.kind is Kind.AUTHORIZED:
            joined = datetime.fromisoformat(entry.data["queue_time"])
            n = int(entry.data["tranche"])
            tranches[n] = replace(tranches[n], queue_time=joined, authorized=True)
        elif entry.kind is Kind.LAPSED:
            n = int(entry.data["tranche"])
            tranches[n] = replace(tranches[n], authorized=False)
        elif entry.kind is Kind.LOWERED:
            lowered = tranches[int(entry.data["tranche"])]
            tranches[lowered.n] = replace(lowered, units=lowered.units - units)
        elif entry.kind is Kind.OVERAGE:
            overage += units
        elif entry.kind is Kind.PROMISE:
            promises = _promised(promises, entry)
        elif entry.kind is Kind.OVERRIDE:
            tell_inherited = tell_inherited or entry.data.get("tell") == "inherited"
    return LineHistory(
        tranches=tuple(tranches[n] for n in sorted(tranches)),
        held={location: units for location, units in held.items() if units},
        settled=settled,
        left={location: units for location, units in left.items() if units > 0},
        joined=joined_units,
        steps=steps,
        promises=promises,
        last_grant=last_grant,
        overage=overage,
        tell_inherited=tell_inherited,
    )


def _tranche(entry: Entry) -> Tranche:
    return Tranche(
        n=step_of(entry),
        queue_time=datetime.fromisoformat(entry.data["queue_time"]),
        units=entry.units or 0,
        inherited=bool(entry.data["inherited"]),
        unpaid=bool(entry.data["unpaid"]),
        authorized=bool(entry.data.get("authorized", False)),
    )


def _promised(before: LinePromises, entry: Entry) -> LinePromises:
    version, raw = int(entry.data["version"]), entry.data["promise"]
    promise = Promise.from_json(raw) if raw else None
    if version == 0:
        return LinePromises(before.version, before.current, promise, has_version_0=True)
    return LinePromises(version, promise, before.published, before.has_version_0)


def fold_location(entries: Iterable[Entry], brought_forward: LocationHistory | None = None) -> LocationHistory:
    """
    Add up the entries of one item at one location, in ledger order. Entries of other kinds are passed over.

    Args:
        entries: Those after what was brought forward, or all.
        brought_forward: What the earlier entries add up to.
    """
    before = brought_forward or LocationHistory()
    accepted, accept_steps = before.accepted, before.accept_steps
    baseline, baseline_steps = before.baseline, before.baseline_steps
    refused, refuse_steps = before.refused, before.refuse_steps
    falls, opened_at = list(before.falls), before.opened_at
    arrived, corrections = list(before.arrived), list(before.corrections)
    for entry in entries:
        units = entry.units or 0
        if entry.kind is Kind.ACCEPT:
            falls = _unnamed(falls, entry)
            opened_at = opened_at or entry.at
            if entry.data["cause"] in ARRIVAL_CAUSES:
                arrived.append(Arrival(entry.at, units, entry.data["cause"]))
            accepted = (accepted or 0) + units
            accept_steps = max(accept_steps, step_of(entry))
            refused = still_refused(refused, units, entry.data["cause"])
        elif entry.kind is Kind.REFUSE:
            refused, refuse_steps = units, max(refuse_steps, step_of(entry))
        elif entry.kind is Kind.BASELINE:
            baseline += units
            baseline_steps = max(baseline_steps, step_of(entry))
        elif entry.kind is Kind.CORRECT:
            corrections.append(Arrival(entry.at, units, "correction"))
    return LocationHistory(
        accepted,
        accept_steps,
        baseline,
        baseline_steps,
        refused,
        refuse_steps,
        tuple(falls),
        opened_at,
        tuple(arrived),
        tuple(corrections),
    )


def _unnamed(falls: list[Fall], entry: Entry) -> list[Fall]:
    """A shipment read late, or a transfer seen at its other end, names the newest falls."""
    units = entry.units or 0
    if entry.data["cause"] == "fall":
        return [*falls, Fall(entry.at, -units)]
    if entry.data["cause"] != "named":
        return falls
    kept: list[Fall] = []
    for fall in reversed(falls):
        take = min(units, fall.units)
        units -= take
        if fall.units > take:
            kept.append(Fall(fall.at, fall.units - take))
    return kept[::-1]
