"""Files as loggers and monitoring portals export them over a clock change, read by the feed of plant measurements."""

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest

from include.sources.feeds import ParseContext

BERLIN = ZoneInfo("Europe/Berlin")
MIDNIGHT = datetime(2025, 10, 25, 22, tzinfo=UTC)


def quarter_hours(count):
    return [MIDNIGHT + timedelta(minutes=15 * step) for step in range(count)]


def records(instants, clock, key=1):
    """1,000 W at the first instant, one more at each that follows; local texts without offset."""
    return [
        {"inversor_id": key, "datetime": f"{at.astimezone(clock):%Y-%m-%dT%H:%M:%S}", "potencia_ativa_watt": 1000 + number}
        for number, at in enumerate(instants)
    ]


def context(zone, **known):
    return ParseContext(ZoneInfo(zone), "export.json", **known)


def energy_kwh(found):
    """Integral between the readings, by hand: the mean of two neighbours times the hours between them."""
    rows = found.frame.sort_values("measured_at")
    hours = rows["measured_at"].diff().dt.total_seconds() / 3600
    return float(((rows["value"] + rows["value"].shift()) / 2 * hours).sum())


@pytest.mark.parametrize("order", ["oldest first", "newest first", "by local time", "interleaved with another"])
def test_a_night_of_twenty_five_hours_keeps_all_of_its_energy(parsed, order):
    oldest_first = records(quarter_hours(24), BERLIN)
    exports = {
        "oldest first": oldest_first,
        "newest first": oldest_first[::-1],
        "by local time": sorted(oldest_first, key=lambda record: record["datetime"]),
        "interleaved with another": [
            record for pair in zip(oldest_first, records(quarter_hours(24), BERLIN, key=2)[::-1], strict=True) for record in pair
        ],
    }

    found = parsed("plant_measurements", exports[order], context("Europe/Berlin"))

    assert found.frame["measured_at"].notna().all()
    # 23 quarters of an hour at 1.0115 kW on average.
    assert energy_kwh(Only(found, "1")) == pytest.approx(23 * 0.25 * 1.0115)


class Only:
    """The rows of one subject."""

    def __init__(self, found, subject):
        self.frame = found.frame[found.frame["subject"] == subject]


def test_hours_that_are_shuffled_are_held_back_and_are_no_contradiction(parsed):
    hourly = records([MIDNIGHT + timedelta(hours=step) for step in range(7)], BERLIN)
    shuffled = [hourly[position] for position in (4, 0, 2, 6, 1, 3, 5)]

    found = parsed("plant_measurements", shuffled, context("Europe/Berlin"))

    held = found.frame[found.frame["measured_at"].isna()]
    assert [faults[0].rule for faults in held["faults"]] == ["time_unambiguous"] * 2
    assert {faults[0].detail.partition(":00:00")[0] for faults in held["faults"]} == {"ambiguous local time 2025-10-26 02"}


def test_a_logger_on_standard_time_all_year_is_read_by_its_own_offset(parsed):
    standard = timezone(timedelta(hours=1))
    instants = [datetime(2025, 3, 29, 23, tzinfo=UTC) + timedelta(minutes=15 * step) for step in range(24)]

    found = parsed("plant_measurements", records(instants, standard), context("Europe/Berlin", clocks={"1": standard}))

    assert [at.to_pydatetime() for at in found.frame["measured_at"]] == instants


def test_a_midnight_that_was_skipped_is_unreadable_and_its_neighbours_are_read(parsed):
    texts = ["2018-11-03T23:30:00", "2018-11-04T00:00:00", "2018-11-04T00:30:00", "2018-11-04T01:00:00"]
    rows = [{"inversor_id": 1, "datetime": text, "potencia_ativa_watt": 100} for text in texts]

    found = parsed("plant_measurements", rows)

    assert [row[3] for row in found.rows] == ["2018-11-04T02:30:00Z", None, None, "2018-11-04T03:00:00Z"]
    assert found.frame["faults"].isna().all()
    assert found.frame["raw"].notna().tolist() == [False, True, True, False]
