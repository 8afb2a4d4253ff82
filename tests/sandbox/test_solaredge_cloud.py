"""SolarEdge's quarter hours: zero is told where an inverter was heard, nothing where it was silent or asleep."""

from datetime import UTC, date, datetime

import pytest

from sandbox.fleet import inverters_of
from sandbox.solaredge.buckets import buckets_of
from sandbox.solaredge.sites import Sites
from sandbox.sunshine import OUTAGES, sunshine
from sandbox.world import ShiftedClock, World

TROUBLED = inverters_of(sunshine().plants("solaredge"))[OUTAGES]
LATER = datetime(2026, 6, 1, tzinfo=UTC)


def told(day: date) -> list[float | None]:
    """Energies of the 96 quarter hours of a day of the inverter with outages [kWh]."""
    return [bucket.energy_kwh for bucket in buckets_of(sunshine().day(TROUBLED, day), LATER)]


def test_a_fault_at_noon_is_told_as_zeros_and_the_night_as_nothing() -> None:
    day = date(2026, 3, 30)  # a fault of the five minutes 136 to 165, from 11:20 to 13:50
    energies = told(day)

    assert energies[46:55] == [0.0] * 9
    assert None not in energies[30:65]
    assert set(energies[:20]) == set(energies[80:]) == {None}
    assert sum(filter(None, energies)) == round(sunshine().day(TROUBLED, day).energy_kwh, 3)


def test_an_inverter_that_was_silent_at_noon_tells_nothing_of_it() -> None:
    energies = told(date(2026, 4, 12))  # silent in the five minutes 141 to 168, from 11:45 to 14:05

    assert energies[47:56] == [None] * 9
    assert None not in [*energies[30:46], *energies[57:65]]


def test_quarter_hours_and_power_of_a_site_are_those_of_its_inverters() -> None:
    world = World(clock=ShiftedClock(LATER, runs=False))
    plant, sites = world.sunshine.plants("solaredge")[0], Sites(world)
    halves = [("00:00:00", "11:59:59"), ("12:00:00", "23:59:59")]
    asked = [{"from": f"2026-03-30T{start}", "to": f"2026-03-30T{end}"} for start, end in halves]

    energy = [row["value"] for span in asked for row in sites.energy(plant.key, span)["values"]]
    power = [row["value"] for span in asked for row in sites.power(plant.key, span)["values"]]

    truth = sum(world.sunshine.day(inverter, date(2026, 3, 30)).energy_kwh for inverter in plant.inverters)
    assert (len(energy), len(power)) == (96, 96)
    assert sum(filter(None, energy)) / 1000 == pytest.approx(truth, rel=0.005)
    assert sum(filter(None, power)) / 4000 == pytest.approx(truth, rel=0.005)
