"""Sentences about a plant: true, in two languages, and not said where their numbers are not known."""

import json
from datetime import date, timedelta

import pytest

from include.analysis.alarms import NAMES
from include.analysis.insights import _SENTENCES, ALARMS_PT, PlantFigures, find_insights

AS_OF = date(2026, 11, 20)


def days(*energies: float | None, complete: float = 1.0) -> list[dict]:
    """The days up to `AS_OF`, the last one first given last."""
    first = AS_OF - timedelta(days=len(energies) - 1)
    return [
        {"local_date": first + timedelta(days=n), "energy_kwh": kwh, "completeness": complete} for n, kwh in enumerate(energies)
    ]


def inverter(number: int, **told: object) -> dict:
    return {
        "device_id": number, "name": f"Inversor {number}", "compared_days": 7, "peer_share": 0.995, "weak_days": 0, "low_days": 0,
        "low_share": None, "lost_kwh": 0.0, "lost_value": None, "currency": None, **told,
    }  # fmt: skip


MODEL = {
    "capacity_source": "registered", "capacity_kwp": 100.0, "fitted_kwp": None, "clear_days": 0, "misfit_pct": None,
    "degradation_pct": None, "degradation_low_pct": None, "degradation_high_pct": None, "degradation_pairs": 0,
}  # fmt: skip


def said(**facts: object) -> dict:
    """Insights by code."""
    nothing = {"days": [], "week": None, "inverters": [], "alarms": [], "forecast": None, "model": None}
    found = find_insights(PlantFigures(AS_OF, **{**nothing, **facts}))
    json.dumps([each.basis for each in found], allow_nan=False)
    assert all(set(each.text) == {"en", "pt-BR"} for each in found)
    return {each.code: each for each in found}


def test_of_a_plant_of_which_nothing_is_known_nothing_is_said():
    assert said() == {}


def test_a_week_is_told_beside_the_one_before_only_where_all_days_of_both_are_complete():
    week = said(days=days(*[100.0] * 7, *[180.0] * 7))["week"]

    assert week.text["en"] == "The 7 days up to 20 Nov 2026 made 80 % more than the 7 days before: 1,260 against 700 kWh."
    assert week.text["pt-BR"].startswith("Os 7 dias até 20/11/2026 geraram 80 % mais que os 7 dias anteriores: 1.260 contra 700")
    assert week.basis == {"last_day": "2026-11-20", "pct": pytest.approx(80), "energy_kwh": 1260.0, "before_kwh": 700.0}
    assert " less than " in said(days=days(*[100.0] * 7, *[50.0] * 7))["week"].text["en"]
    assert " as much as " in said(days=days(*[100.0] * 7, *[100.4] * 7))["week"].text["en"]
    for unknown in ([None, *[100.0] * 13], [100.0] * 13, [0.0] * 14):
        assert "week" not in said(days=days(*unknown))
    assert "week" not in said(days=days(*[100.0] * 14, complete=0.89))


def test_days_that_are_not_complete_are_named():
    missing = said(days=days(*[100.0] * 4, None, 100.0, 100.0))["missing_days"]

    assert missing.basis == {"count": 1, "last_day": "2026-11-20", "days": ["2026-11-18"]}
    assert "18/11/2026" in missing.text["pt-BR"]
    assert "missing_days" not in said(days=days(*[100.0] * 7))


def test_the_inverter_that_lost_most_is_named_with_its_loss_in_money_where_there_is_a_tariff():
    low = {"low_days": 1, "low_share": 0.031, "lost_kwh": 644.4, "weak_days": 1}
    others = [inverter(1), inverter(2, low_days=3, low_share=0.8, lost_kwh=90.0, weak_days=3)]

    plain = said(inverters=[*others, inverter(3, **low)])
    priced = said(inverters=[*others, inverter(3, **low, lost_value=612.18, currency="BRL")])["low_inverter"]

    assert plain["low_inverter"].text["en"] == (
        "Inversor 3 made 97 % less than was to be expected on 1 of the last 7 days: 644 kWh are missing."
    )
    assert priced.text["pt-BR"].endswith("faltam 644 kWh, no valor de BRL 612,18.")
    assert priced.basis["lost_value"] == 612.18
    assert "even_inverters" not in plain


def test_inverters_are_even_only_where_each_was_compared_and_none_was_weak():
    even = said(inverters=[inverter(1), inverter(2, peer_share=0.9699)])["even_inverters"]

    assert even.text["en"].startswith("Each of the 2 inverters made at least 96 % of what")
    for other in ({"compared_days": 4}, {"weak_days": 1}, {"peer_share": None}):
        assert "even_inverters" not in said(inverters=[inverter(1), inverter(2, **other)])
    assert "even_inverters" not in said(inverters=[inverter(1)])


def test_a_week_is_held_against_its_target_where_enough_of_its_days_count():
    week = {
        "first_day": date(2026, 11, 14), "last_day": AS_OF, "energy_kwh": 630.0, "target_kwh": 700.0, "days_counted": 6,
        "performance_index": 0.9,
    }  # fmt: skip

    assert said(week=week)["target"].text["en"].endswith("made 630 kWh, 90 % of its target of 700 kWh; 6 of 7 days count.")
    assert said(week={**week, "days_counted": 4}) == {}
    assert said(week={**week, "performance_index": None}) == {}


def test_open_alarms_are_counted_and_the_oldest_is_told_a_vendors_in_the_vendors_words():
    own = {"alarm_id": 7, "code": "stale", "name": NAMES["stale"], "is_own": True, "raised_on": date(2026, 11, 2)}
    vendors = {**own, "alarm_id": 9, "code": "stale", "name": "{Isolation} low", "is_own": False}

    assert said(alarms=[own])["alarms"].text["pt-BR"] == "Um alarme está aberto, desde 02/11/2026: a potência não se move."
    two = said(alarms=[vendors, own])["alarms"]
    assert two.text["en"] == "2 alarms are open, the oldest since 2 Nov 2026: {Isolation} low."
    assert two.basis == {"count": 2, "day": "2026-11-02", "alarm_ids": [9, 7]}


def test_small_energies_keep_a_decimal_and_the_best_day_wants_half_a_month():
    best = said(days=days(*[3.0] * 13, 4.25))["best_day"]

    assert best.text["pt-BR"] == "O melhor dos últimos 30 dias foi 20/11/2026, com 4,2 kWh; 14 deles são conhecidos."
    assert "best_day" not in said(days=days(*[3.0] * 13))


def test_models_and_forecasts_are_told_where_they_say_something():
    forecast = {"day": date(2026, 11, 22), "p10_kwh": 118.0, "p50_kwh": 205.0, "p90_kwh": 241.0}
    assert "205 kWh are forecast; eight of ten such days make 118 to 241" in said(forecast=forecast)["forecast"].text["en"]
    assert said(forecast={**forecast, "p10_kwh": None}) == {}

    fitted = {**MODEL, "fitted_kwp": 84.0, "clear_days": 17, "misfit_pct": 6.0}
    assert "like one of 84 kWp; 100 kWp are registered" in said(model=fitted)["capacity"].text["en"]
    assert said(model={**fitted, "fitted_kwp": 90.0}) == {}
    assert said(model={**fitted, "capacity_source": "fitted"}) == {}

    aging = {**MODEL, "degradation_pct": -0.9, "degradation_low_pct": -1.4, "degradation_high_pct": -0.2}
    assert "0.9 % less; with 95 % confidence between 0.2 and 1.4 %" in said(model=aging)["degradation"].text["en"]
    assert said(model={**aging, "degradation_high_pct": 0.1}) == {}


def test_every_alarm_of_our_own_has_a_name_in_portuguese_and_both_languages_use_the_same_numbers():
    assert set(ALARMS_PT) == set(NAMES)
    for english, portuguese in _SENTENCES.values():
        fields = [{part.split("}")[0] for part in text.split("{")[1:]} for text in (english, portuguese)]
        assert fields[0] == fields[1]
