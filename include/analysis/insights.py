"""Short true sentences about a plant, in the two languages of customers, each with the numbers that it rests on. Pure.

A sentence whose numbers are not known well enough is not said. Days are the plant's local days; `as_of` is the last of them.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from include.core.coverage import is_complete

WEEK: Final = 7
MONTH: Final = 30
PAST_DAYS: Final = MONTH
"""So many days up to `as_of` are looked at."""
_LEAST_OF_WEEK: Final = 5
_LEAST_OF_MONTH: Final = 14
_EQUAL_PCT: Final = 1.0
"""Weeks that differ by less made as much as each other."""
_CAPACITY_OFF: Final = 0.15
"""Share from which on a fitted capacity is another one than the registered."""
_SENTENCES: Final = {
    "target": (
        "In the 7 days up to {last_day} the plant made {energy_kwh} kWh, {pct} % of its target of {target_kwh} kWh; "
        "{days_counted} of 7 days count.",
        "Nos 7 dias até {last_day} a usina gerou {energy_kwh} kWh, {pct} % da meta de {target_kwh} kWh; contam "
        "{days_counted} dos 7 dias.",
    ),
    "week_more": (
        "The 7 days up to {last_day} made {pct} % more than the 7 days before: {energy_kwh} against {before_kwh} kWh.",
        "Os 7 dias até {last_day} geraram {pct} % mais que os 7 dias anteriores: {energy_kwh} contra {before_kwh} kWh.",
    ),
    "week_less": (
        "The 7 days up to {last_day} made {pct} % less than the 7 days before: {energy_kwh} against {before_kwh} kWh.",
        "Os 7 dias até {last_day} geraram {pct} % menos que os 7 dias anteriores: {energy_kwh} contra {before_kwh} kWh.",
    ),
    "week_same": (
        "The 7 days up to {last_day} made as much as the 7 days before: {energy_kwh} against {before_kwh} kWh.",
        "Os 7 dias até {last_day} geraram tanto quanto os 7 dias anteriores: {energy_kwh} contra {before_kwh} kWh.",
    ),
    "best_day": (
        "The best of the last 30 days was {day} with {energy_kwh} kWh; {days_known} of them are known.",
        "O melhor dos últimos 30 dias foi {day}, com {energy_kwh} kWh; {days_known} deles são conhecidos.",
    ),
    "low_inverter": (
        "{name} made {pct} % less than was to be expected on {low_days} of the last 7 days: {lost_kwh} kWh are missing.",
        "{name} gerou {pct} % menos que o esperado em {low_days} dos últimos 7 dias: faltam {lost_kwh} kWh.",
    ),
    "low_inverter_worth": (
        "{name} made {pct} % less than was to be expected on {low_days} of the last 7 days: {lost_kwh} kWh are missing, worth "
        "{currency} {lost_value}.",
        "{name} gerou {pct} % menos que o esperado em {low_days} dos últimos 7 dias: faltam {lost_kwh} kWh, no valor de "
        "{currency} {lost_value}.",
    ),
    "even_inverters": (
        "Each of the {count} inverters made at least {pct} % of what was to be expected in the 7 days up to {last_day}.",
        "Cada um dos {count} inversores gerou ao menos {pct} % do esperado nos 7 dias até {last_day}.",
    ),
    "missing_days": (
        "Of {count} of the 7 days up to {last_day} the energy is not completely known: {days}.",
        "De {count} dos 7 dias até {last_day} a geração não é conhecida por completo: {days}.",
    ),
    "open_alarm": (
        "One alarm is open, since {day}: {name}.",
        "Um alarme está aberto, desde {day}: {name}.",
    ),
    "open_alarms": (
        "{count} alarms are open, the oldest since {day}: {name}.",
        "{count} alarmes estão abertos, o mais antigo desde {day}: {name}.",
    ),
    "forecast": (
        "For {day} {p50_kwh} kWh are forecast; eight of ten such days make {p10_kwh} to {p90_kwh} kWh.",
        "Para {day} preveem-se {p50_kwh} kWh; oito de dez dias assim geram de {p10_kwh} a {p90_kwh} kWh.",
    ),
    "capacity": (
        "On {clear_days} clear days the plant was like one of {fitted_kwp} kWp; {capacity_kwp} kWp are registered.",
        "Em {clear_days} dias de céu limpo a usina foi como uma de {fitted_kwp} kWp; estão cadastrados {capacity_kwp} kWp.",
    ),
    "degradation": (
        "From year to year the plant makes {pct} % less; with 95 % confidence between {low_pct} and {high_pct} %.",
        "De ano a ano a usina gera {pct} % menos; com 95 % de confiança, entre {low_pct} e {high_pct} %.",
    ),
}  # fmt: skip
ALARMS_PT: Final = {
    "outage": "nenhum inversor da usina tem potência",
    "zero": "sem potência enquanto os demais geram",
    "low": "abaixo dos demais",
    "stale": "a potência não se move",
    "night power": "potência à noite",
    "clock shift": "potência à noite na maioria dos inversores: o relógio está errado",
    "offline": "sem leituras durante o dia",
    "counter": "o contador de energia falha dia após dia",
    "above clear sky": "mais energia do que um céu sem nuvens permite",
}
"""Our own alarms in Portuguese; a vendor's keep the vendor's words."""


@dataclass(frozen=True, slots=True)
class Insight:
    """A sentence by language, and what it rests on: plain JSON data with units in the names."""

    code: str
    text: dict[str, str]
    basis: dict[str, Any]


@dataclass(frozen=True, slots=True)
class PlantFigures:
    """What is known of a plant up to `as_of`; rows as the reads of the warehouse name their columns.

    `days` are of the `PAST_DAYS` up to `as_of`, unknown ones may be absent; `week` is the window of seven days with its
    target; `inverters` are of the last seven days, `alarms` open, the oldest first; `forecast` is of one day ahead.
    """

    as_of: date
    days: Sequence[Mapping[str, Any]]
    week: Mapping[str, Any] | None
    inverters: Sequence[Mapping[str, Any]]
    alarms: Sequence[Mapping[str, Any]]
    forecast: Mapping[str, Any] | None
    model: Mapping[str, Any] | None


def find_insights(facts: PlantFigures) -> list[Insight]:
    """What can be said of a plant, the most urgent first."""
    known = {row["local_date"]: row["energy_kwh"] for row in facts.days if _is_known(row)}
    return [
        *_open_alarms(facts), *_low_inverter(facts), *_missing_days(facts, known), *_target(facts), *_weeks(facts, known),
        *_even_inverters(facts), *_best_day(facts, known), *_forecast(facts), *_capacity(facts), *_degradation(facts),
    ]  # fmt: skip


def _is_known(row: Mapping[str, Any]) -> bool:
    return row["energy_kwh"] is not None and row["completeness"] is not None and is_complete(row["completeness"])


def _week(as_of: date, back: int = 0) -> list[date]:
    return [as_of - timedelta(days=back + n) for n in reversed(range(WEEK))]


# ----------------------------------------------------------------------------------------------------------------- sentences


def _open_alarms(facts: PlantFigures) -> Iterator[Insight]:
    if facts.alarms:
        oldest = facts.alarms[0]
        names = (oldest["name"], ALARMS_PT.get(oldest["code"], oldest["name"]) if oldest["is_own"] else oldest["name"])
        basis = {"count": len(facts.alarms), "day": oldest["raised_on"], "alarm_ids": [row["alarm_id"] for row in facts.alarms]}
        yield _say("alarms", basis, "open_alarms" if len(facts.alarms) > 1 else "open_alarm", names)


def _low_inverter(facts: PlantFigures) -> Iterator[Insight]:
    low = [row for row in facts.inverters if row["low_days"] and row["lost_kwh"] > 0 and row["low_share"] is not None]
    if low:
        worst = max(low, key=lambda row: (row["lost_kwh"], row["device_id"]))
        basis = {name: worst[name] for name in ("device_id", "low_days", "lost_kwh", "lost_value", "currency")}
        form = "low_inverter" if worst["lost_value"] is None else "low_inverter_worth"
        basis |= {"pct": 100 * (1 - worst["low_share"]), "last_day": facts.as_of}
        yield _say("low_inverter", basis, form, (worst["name"], worst["name"]))


def _missing_days(facts: PlantFigures, known: Mapping[date, float]) -> Iterator[Insight]:
    missing = [day for day in _week(facts.as_of) if day not in known]
    if facts.days and missing:
        yield _say("missing_days", {"count": len(missing), "last_day": facts.as_of, "days": missing})


def _target(facts: PlantFigures) -> Iterator[Insight]:
    week = facts.week
    if week and week["days_counted"] >= _LEAST_OF_WEEK and week["performance_index"] is not None:
        basis = {name: week[name] for name in ("first_day", "last_day", "energy_kwh", "target_kwh", "days_counted")}
        yield _say("target", {**basis, "pct": 100 * week["performance_index"]})


def _weeks(facts: PlantFigures, known: Mapping[date, float]) -> Iterator[Insight]:
    week, before = _week(facts.as_of), _week(facts.as_of, WEEK)
    if all(day in known for day in week + before):
        made, earlier = (sum(known[day] for day in days) for days in (week, before))
        if earlier > 0 and made >= 0:
            change_pct = 100 * (made - earlier) / earlier
            form = "week_same" if abs(change_pct) < _EQUAL_PCT else "week_more" if change_pct > 0 else "week_less"
            basis = {"last_day": facts.as_of, "pct": abs(change_pct), "energy_kwh": made, "before_kwh": earlier}
            yield _say("week", basis, form)


def _even_inverters(facts: PlantFigures) -> Iterator[Insight]:
    compared = [row for row in facts.inverters if row["compared_days"] >= _LEAST_OF_WEEK and row["peer_share"] is not None]
    if len(compared) == len(facts.inverters) > 1 and not any(row["weak_days"] for row in compared):
        least_pct = float(math.floor(100 * min(row["peer_share"] for row in compared)))
        yield _say("even_inverters", {"count": len(compared), "pct": least_pct, "last_day": facts.as_of})


def _best_day(facts: PlantFigures, known: Mapping[date, float]) -> Iterator[Insight]:
    if len(known) >= _LEAST_OF_MONTH and (best := max(known, key=lambda day: (known[day], day))) and known[best] > 0:
        yield _say("best_day", {"day": best, "energy_kwh": known[best], "days_known": len(known), "last_day": facts.as_of})


def _forecast(facts: PlantFigures) -> Iterator[Insight]:
    told = facts.forecast
    if told and None not in (told["p10_kwh"], told["p50_kwh"], told["p90_kwh"]):
        yield _say("forecast", dict(told))


def _capacity(facts: PlantFigures) -> Iterator[Insight]:
    model = facts.model
    if model and model["capacity_source"] == "registered" and model["fitted_kwp"]:
        fitted, registered = model["fitted_kwp"], model["capacity_kwp"]
        if abs(fitted / registered - 1) >= _CAPACITY_OFF:
            names = ("fitted_kwp", "capacity_kwp", "clear_days", "misfit_pct")
            yield _say("capacity", {name: model[name] for name in names})


def _degradation(facts: PlantFigures) -> Iterator[Insight]:
    model = facts.model
    if model and model["degradation_pct"] is not None and model["degradation_high_pct"] < 0:
        low, high = -model["degradation_high_pct"], -model["degradation_low_pct"]
        basis = {"pct": -model["degradation_pct"], "low_pct": low, "high_pct": high, "pairs": model["degradation_pairs"]}
        yield _say("degradation", basis)


# -------------------------------------------------------------------------------------------------------------------- words


def _say(code: str, basis: Mapping[str, Any], form: str | None = None, names: tuple[str, str] = ("", "")) -> Insight:
    """The sentence in English and Portuguese, in one of several forms; `names` is what is named, by language."""
    texts = {}
    for language, template, name in zip(("en", "pt-BR"), _SENTENCES[form or code], names, strict=True):
        words = {key: _word(key, value, language) for key, value in basis.items()}
        texts[language] = template.format(**words, name=name)
    return Insight(code, texts, {key: _plain(value) for key, value in basis.items()})


def _word(key: str, value: Any, language: str) -> str:  # noqa: ANN401 - any value of a basis
    if isinstance(value, list):
        return ", ".join(_word(key, each, language) for each in value)
    if isinstance(value, date):
        return f"{value:%d/%m/%Y}" if language == "pt-BR" else f"{value.day} {value:%b %Y}"
    if isinstance(value, float):
        decimals = 2 if key == "lost_value" else 1 if key in {"low_pct", "high_pct"} or abs(value) < 20 else 0
        text = f"{value:,.{decimals}f}"
        return text.translate(str.maketrans(",.", ".,")) if language == "pt-BR" else text
    return str(value)


def _plain(value: Any) -> Any:  # noqa: ANN401 - any value of a basis
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return value.isoformat() if isinstance(value, date) else value
