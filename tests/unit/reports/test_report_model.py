"""The frame of a report, its figures and their fingerprint."""

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from include.core.errors import Refused
from include.reports.model import Provenance, figures, fingerprint, headline_of


def test_figures_survive_json_and_give_the_headline_back(month):
    report = month()

    stored = json.loads(json.dumps(figures(report)))

    assert fingerprint(stored) == fingerprint(figures(report))
    assert headline_of(stored) == report.headline


def test_the_fingerprint_ignores_when_and_how_often_a_report_was_issued(month):
    report = month()
    issued_again = replace(report, issued_at=datetime(2027, 1, 1, tzinfo=UTC), revision=7, report_id="other")
    same_from_more_documents = replace(report, provenance=Provenance(900, "aa", "bb", 1, None, "9.9"))

    assert fingerprint(figures(issued_again)) == fingerprint(figures(report))
    assert fingerprint(figures(same_from_more_documents)) == fingerprint(figures(report))


def test_the_fingerprint_changes_with_every_figure(month, day):
    report = month()
    changed = [
        replace(report, headline=replace(report.headline, energy_kwh=15_012.5)),
        replace(report, headline=replace(report.headline, energy_kwh=None)),
        replace(report, language="en"),
        replace(report, plant_name="Usina Serf West"),
        replace(report, days=report.days[:-1]),
        replace(report, inverters=report.inverters[1:]),
        replace(report, is_provisional=True),
        day(),
    ]

    assert len({fingerprint(figures(each)) for each in [report, *changed]}) == len(changed) + 1


def test_the_order_of_a_sum_makes_no_new_figure(month):
    report = month()
    other = replace(report, headline=replace(report.headline, energy_kwh=report.headline.energy_kwh + 1e-9))

    assert fingerprint(figures(other)) == fingerprint(figures(report))


def test_not_a_number_is_stored_as_unknown(month):
    report = month()
    headline = replace(report.headline, energy_kwh=float("nan"), completeness=float("inf"))

    stored = figures(replace(report, headline=headline))

    assert stored["headline"]["energy_kwh"] is None
    assert stored["headline"]["completeness"] is None


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"issued_at": datetime(2026, 11, 1)}, "without a time zone"),
        ({"last_day": datetime(2026, 9, 1).date()}, "before it starts"),
        ({"language": "fr"}, "'fr' is not printed"),
    ],
)
def test_a_report_that_cannot_be_printed_is_refused(month, changes, words):
    with pytest.raises(Refused, match=words):
        month(**changes)


def test_one_more_held_back_reading_is_the_same_report(month):
    more = replace(month().completeness, quarantined=(("within_physical_limits", 101),))

    assert fingerprint(figures(month(completeness=more))) == fingerprint(figures(month()))
    missing = replace(month().completeness, missing_hours=3.0)
    assert fingerprint(figures(month(completeness=missing))) != fingerprint(figures(month()))
