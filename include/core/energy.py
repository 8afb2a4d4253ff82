"""Published energy: what a plant or inverter made on a local day, chosen by one rule from what is known of it.

Power where it covers, the counter across its gaps, the counter alone where there is no power, the vendor's word where there is
neither. docs/kpis.md has the table of cases. Energies are in kWh; None is unknown, never zero.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal, NamedTuple

from include.core.coverage import is_complete

EnergySource = Literal["power", "power and counter", "counter", "vendor"]

LEAST_GAP_SHARE: Final = 0.01
"""A gap that holds less of the day's clear-sky energy is none: at dawn and dusk inverters wake and rest."""

_WHOLE: Final = 1 - 1e-6


class LocalHour(NamedTuple):
    """What is known of one local hour of a subject.

    `clear_sky_share` is the hour's part of the day's clear-sky energy, `covered_share` the part of its expected time that power
    measured. `integrated_kwh` is 0 where power is silent; `counted_kwh` is None where no step of the counter spans the hour.
    """

    clear_sky_share: float
    covered_share: float
    integrated_kwh: float
    counted_kwh: float | None
    is_counter_read: bool


@dataclass(frozen=True, slots=True)
class Recovery:
    """What a counter gained across the gaps of power, and the part of the day's clear-sky energy that those gaps held."""

    energy_kwh: float = 0.0
    clear_sky_share: float = 0.0


@dataclass(frozen=True, slots=True)
class KnownEnergy:
    """What is known of the energy of one subject on one local day.

    `recovered_kwh` is what its counter gained where power was silent, `completeness` the share of the day's clear-sky energy in
    whose time power or that counter knows the energy. A counter `is_held_back` that had an increase which no rating explains.
    """

    integrated_kwh: float | None = None
    counted_kwh: float | None = None
    vendor_kwh: float | None = None
    is_by_interval: bool = False
    recovered_kwh: float = 0.0
    completeness: float | None = None
    is_held_back: bool = False
    is_over: bool = True


@dataclass(frozen=True, slots=True)
class PublishedEnergy:
    """The energy of one subject on one local day, where it comes from, and the part of it that power did not measure."""

    energy_kwh: float | None = None
    source: EnergySource | None = None
    recovered_kwh: float = 0.0
    completeness: float | None = None


def recover(hours: Sequence[LocalHour]) -> Recovery:
    """What the counter gained in the gaps of power, over the local hours of one day in their order.

    A gap is a run of hours that power did not cover wholly. It is recovered where the counter was read on both of its sides (at
    an end of the day, on the other one): a counter that is read more rarely tells nothing of a single hour. An hour in which the
    counter gained less than power measured takes nothing back.
    """
    found = Recovery()
    for first, end in _gaps(hours):
        if _is_resolved(hours, first, end):
            gained = sum(
                max(0.0, hour.counted_kwh - hour.integrated_kwh) for hour in hours[first:end] if hour.counted_kwh is not None
            )
            filled = sum(_silent_share(hour) for hour in hours[first:end] if hour.counted_kwh is not None)
            found = Recovery(found.energy_kwh + gained, found.clear_sky_share + filled)
    return found


def publish_energy(known: KnownEnergy) -> PublishedEnergy:
    """The energy of an inverter, or of a plant by what is measured of the plant itself.

    With power and counter together never more than the counter has of the whole day, unless power alone has more.
    """
    if known.integrated_kwh is not None:
        recovered_kwh = _recovered_kwh(known, known.integrated_kwh)
        source: EnergySource = "power and counter" if recovered_kwh > 0 else "power"
        return PublishedEnergy(known.integrated_kwh + recovered_kwh, source, recovered_kwh, known.completeness)
    if known.counted_kwh is not None and not known.is_held_back:
        return PublishedEnergy(known.counted_kwh, "counter", known.counted_kwh, known.completeness)
    if known.vendor_kwh is not None:
        of_day = 1.0 if known.is_over else None
        return PublishedEnergy(known.vendor_kwh, "vendor", 0.0, known.completeness if known.is_by_interval else of_day)
    if known.counted_kwh is not None:
        return PublishedEnergy(known.counted_kwh, "counter", known.counted_kwh)
    return PublishedEnergy(completeness=known.completeness)


def publish_plant_energy(
    inverters: Sequence[PublishedEnergy | None], ratings_kw: Sequence[float | None], own: KnownEnergy
) -> PublishedEnergy:
    """The energy of a plant: the sum of its inverters, or what is measured of the plant itself where that knows more of the day.

    `inverters` and `ratings_kw` are of all registered inverters, in the same order; None is a silent one. `own` is what the plant
    itself, or else its meters, tell. The vendor's word of the plant counts where nothing else tells anything.
    """
    told = [inverter for inverter in inverters if inverter is not None and inverter.energy_kwh is not None]
    if not told:
        return publish_energy(own)
    summed = _sum(told, _mean_completeness(inverters, ratings_kw))
    if summed.completeness is not None and is_complete(summed.completeness):
        return summed
    itself = publish_energy(replace(own, vendor_kwh=None))
    return _beside(itself, told) if _knows_more(itself, summed) else summed


def _gaps(hours: Sequence[LocalHour]) -> Iterator[tuple[int, int]]:
    """Runs [first, end) of hours that power did not cover wholly and that hold enough of the day's clear-sky energy."""
    first = 0
    for end in range(1, len(hours) + 1):
        if end == len(hours) or (hours[end].covered_share < _WHOLE) != (hours[first].covered_share < _WHOLE):
            if sum(_silent_share(hour) for hour in hours[first:end]) >= LEAST_GAP_SHARE:
                yield first, end
            first = end


def _silent_share(hour: LocalHour) -> float:
    return hour.clear_sky_share * (1 - hour.covered_share)


def _is_resolved(hours: Sequence[LocalHour], first: int, end: int) -> bool:
    """True where the counter was read beside the gap, or in its outer hours."""
    before = any(hour.is_counter_read for hour in hours[max(first - 1, 0) : first + 1])
    after = any(hour.is_counter_read for hour in hours[end - 1 : end + 1])
    return (before or first == 0) and (after or end == len(hours)) and any(hour.is_counter_read for hour in hours)


def _recovered_kwh(known: KnownEnergy, integrated_kwh: float) -> float:
    if known.is_held_back or known.counted_kwh is None:
        return 0.0
    return max(0.0, min(known.recovered_kwh, known.counted_kwh - integrated_kwh))


def _sum(told: Sequence[PublishedEnergy], completeness: float | None) -> PublishedEnergy:
    energy_kwh = sum(inverter.energy_kwh or 0.0 for inverter in told)
    return PublishedEnergy(energy_kwh, _source_of(told), sum(inverter.recovered_kwh for inverter in told), completeness)


def _source_of(told: Sequence[PublishedEnergy]) -> EnergySource:
    """The vendor where it tells more of the sum than the others; else what the others are."""
    by_vendor = [inverter for inverter in told if inverter.source == "vendor"]
    others = [inverter for inverter in told if inverter.source != "vendor"]
    if by_vendor and sum(each.energy_kwh or 0.0 for each in by_vendor) > sum(each.energy_kwh or 0.0 for each in others):
        return "vendor"
    sources = {inverter.source for inverter in others}
    if len(sources) == 1:
        return others[0].source or "power"
    return "power and counter" if others else "vendor"


def _mean_completeness(inverters: Sequence[PublishedEnergy | None], ratings_kw: Sequence[float | None]) -> float | None:
    """Weighted by rating, by head where one is unknown; a silent inverter has 0. None where none can tell (polar night)."""
    shares = [None if inverter is None else inverter.completeness for inverter in inverters]
    if all(share is None for share in shares):
        return None
    known = [rating for rating in ratings_kw if rating]
    weights = known if len(known) == len(shares) else [1.0] * len(shares)
    return sum(weight * (share or 0.0) for weight, share in zip(weights, shares, strict=True)) / sum(weights)


def _knows_more(itself: PublishedEnergy, summed: PublishedEnergy) -> bool:
    """True where the plant itself knows more of the day, and no less energy than its inverters together already have."""
    if itself.energy_kwh is None or itself.completeness is None:
        return False
    return itself.completeness > (summed.completeness or 0.0) and itself.energy_kwh >= (summed.energy_kwh or 0.0)


def _beside(itself: PublishedEnergy, told: Sequence[PublishedEnergy]) -> PublishedEnergy:
    """The plant's counter in the place of its inverters recovers what their power did not measure."""
    if itself.source != "counter" or itself.energy_kwh is None:
        return itself
    by_power = (inverter for inverter in told if inverter.source in {"power", "power and counter"})
    measured_kwh = sum((inverter.energy_kwh or 0.0) - inverter.recovered_kwh for inverter in by_power)
    return replace(itself, recovered_kwh=max(0.0, itself.energy_kwh - measured_kwh))
