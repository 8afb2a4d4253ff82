"""The rule of the published energy, case by case as docs/kpis.md tells it, and the recovery of gaps."""

import re
from pathlib import Path

import pytest

from include.core.energy import (
    KnownEnergy,
    LocalHour,
    PublishedEnergy,
    publish_energy,
    publish_plant_energy,
    recover,
)

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "kpis.md").read_text(encoding="utf-8")


def rows_of(heading: str) -> list[dict[str, str]]:
    """Rows of the table whose head begins so; the second of two equal columns gets a prime."""
    lines = PAGE[PAGE.index(f"| {heading}") :].split("\n\n")[0].splitlines()
    names: list[str] = []
    for name in cells(lines[0]):
        names.append(f"{name}'" if name in names else name)
    return [dict(zip(names, cells(line), strict=True)) for line in lines[2:]]


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("|").split("|")]


def number(text: str) -> float | None:
    return None if text == "–" else float(text)


def published(row: dict[str, str]) -> tuple:
    source = None if row["source"] == "–" else row["source"]
    return number(row["energy"]), source, number(row["of it recovered"]), number(row["complete'"])


def as_row(found: PublishedEnergy) -> tuple:
    return found.energy_kwh, found.source, found.recovered_kwh, found.completeness


def known(row: dict[str, str]) -> KnownEnergy:
    return KnownEnergy(
        integrated_kwh=number(row["power"]),
        counted_kwh=number(row["counter"]),
        vendor_kwh=number(row["vendor"]),
        recovered_kwh=number(row.get("recovered", "0")) or 0.0,
        completeness=number(row["complete"]),
        is_held_back=row["held back"] == "yes",
        is_over=row.get("over", "yes") == "yes",
    )


def inverters(text: str) -> list[PublishedEnergy | None]:
    return [] if text == "none" else [inverter(part.strip()) for part in text.split(";")]


def inverter(text: str) -> PublishedEnergy | None:
    if text == "silent":
        return None
    energy, source, completeness = re.fullmatch(r"(\S+) (\w+) (\S+)", text).groups()
    return PublishedEnergy(float(energy), source, float(energy) if source == "counter" else 0.0, float(completeness))


SUBJECTS = rows_of("case | power")
PLANTS = rows_of("case | inverters")


def test_the_tables_are_read_from_the_page():
    assert len(SUBJECTS) == 18
    assert len(PLANTS) == 18
    assert SUBJECTS[2]["source"] == "power and counter"


@pytest.mark.parametrize("row", SUBJECTS, ids=lambda row: row["case"])
def test_a_subjects_day_is_published_as_the_page_says(row):
    assert as_row(publish_energy(known(row))) == published(row)


@pytest.mark.parametrize("row", PLANTS, ids=lambda row: row["case"])
def test_a_plants_day_is_published_as_the_page_says(row):
    told = inverters(row["inverters"])

    energy_kwh, *others = as_row(publish_plant_energy(told, [50.0] * len(told), known(row)))

    assert (energy_kwh if energy_kwh is None else pytest.approx(energy_kwh), *others) == published(row)


def test_completeness_of_a_plant_is_weighted_by_rating_and_by_head_where_one_is_unknown():
    told = [PublishedEnergy(100.0, "power", 0.0, 1.0), None]

    weighted = publish_plant_energy(told, [90.0, 10.0], KnownEnergy())
    by_head = publish_plant_energy(told, [90.0, None], KnownEnergy())

    assert (weighted.completeness, by_head.completeness) == (0.9, 0.5)


def test_an_inverter_whose_completeness_nobody_can_tell_does_not_complete_its_plant():
    running = publish_energy(KnownEnergy(vendor_kwh=40.0, is_over=False))

    found = publish_plant_energy([PublishedEnergy(100.0, "power", 0.0, 1.0), running], [None, None], KnownEnergy())

    assert (found.energy_kwh, found.completeness) == (140.0, 0.5)


# ------------------------------------------------------------------------------------------------------------------ recovery

# Ten hours of daylight from 7 to 17 with equal shares; 10 kW all day.


def day(
    covered: dict[int, float] | None = None, counted: dict[int, float | None] | None = None, read: set[int] | None = None
) -> list[LocalHour]:
    """Hours of a day in which power and counter are complete, but for the hours that are named."""
    found = []
    for hour in range(24):
        is_lit = 7 <= hour < 17
        share = (covered or {}).get(hour, 1.0)
        gain = (counted or {}).get(hour, 10.0 if is_lit else 0.0)
        is_read = hour in read if read is not None else share > 0
        found.append(LocalHour(0.1 if is_lit else 0.0, share, share * 10.0 if is_lit else 0.0, gain, is_read))
    return found


def found(hours: list[LocalHour]) -> tuple[float, float]:
    recovery = recover(hours)
    return recovery.energy_kwh, recovery.clear_sky_share


def test_a_complete_day_has_nothing_to_recover():
    assert found(day()) == (0, 0)


def test_what_the_counter_gained_in_a_silent_time_is_recovered():
    # Silent from 9:30 to 12: half an hour and two whole ones.
    assert found(day(covered={9: 0.5, 10: 0.0, 11: 0.0})) == pytest.approx((25, 0.25))


def test_a_gap_at_the_end_of_the_day_needs_the_counter_on_its_other_side_only():
    silent = dict.fromkeys(range(15, 24), 0.0)

    assert found(day(covered=silent)) == pytest.approx((20, 0.2))
    assert found(day(covered=silent, read={20})) == (0, 0)


def test_a_gap_at_the_beginning_of_the_day_needs_the_counter_on_its_other_side_only():
    assert found(day(covered=dict.fromkeys(range(9), 0.0))) == pytest.approx((20, 0.2))


def test_what_is_spread_over_the_night_belongs_to_the_gap_that_the_night_continues():
    # Silent from 15 o'clock to the next morning; what came in the last two hours of light is spread over nine hours.
    spread = dict.fromkeys(range(15, 24), 20 / 9)

    assert found(day(covered=dict.fromkeys(range(15, 24), 0.0), counted=spread)) == pytest.approx((20, 0.2))


def test_a_dark_night_without_power_is_no_gap():
    # A counter that is read once a day spreads its gain evenly; inverters sleep at night.
    night = {hour: 0.0 for hour in range(24) if not 7 <= hour < 17}

    assert found(day(covered=night, counted=dict.fromkeys(range(24), 100 / 24), read={0})) == (0, 0)


def test_dawn_and_dusk_are_no_gaps():
    # 5 % of an hour that holds 10 % of the day's light: half of one per cent.
    assert found(day(covered={7: 0.95, 16: 0.95})) == (0, 0)


def test_a_counter_that_is_read_once_a_day_fills_no_gap():
    assert found(day(covered={10: 0.0, 11: 0.0}, counted=dict.fromkeys(range(24), 100 / 24), read={0})) == (0, 0)


def test_a_counter_below_power_takes_nothing_back():
    assert found(day(covered={9: 0.5, 10: 0.0}, counted={9: 4.0})) == pytest.approx((10, 0.15))


def test_an_hour_that_no_step_of_the_counter_spans_stays_unknown():
    assert found(day(covered={9: 0.0, 10: 0.0, 11: 0.0}, counted={10: None})) == pytest.approx((20, 0.2))


def test_in_polar_night_there_are_no_gaps():
    hours = [LocalHour(0.0, 0.0, 0.0, 1.0, True)] * 24

    assert found(hours) == (0, 0)
