"""Questions on demand: read the figures, answer from the store where these figures were asked before, else compute and keep."""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import date, datetime, timedelta
from hashlib import sha256
from typing import Any, Final
from zoneinfo import ZoneInfo

from include.analysis.questions import (
    QuestionFigures,
    detector_report,
    fleet_dashboard,
    generation,
    maximum_power,
    mean_temperature,
    power_quality,
)
from include.core.errors import Refused
from include.core.identities import identity
from include.core.settings import Settings
from include.core.span import local_day
from include.steps.code_version import code_version
from include.steps.targets import find_plant
from include.warehouse import analyses, fleet
from include.warehouse.engine import Connection, transaction
from include.warehouse.yields import read_model

QUESTIONS: Final[dict[str, Callable[[QuestionFigures], dict[str, Any]]]] = {
    "maximum_power": maximum_power,
    "mean_temperature": mean_temperature,
    "plant_generation": generation,
    "device_generation": generation,
    "fleet_dashboard": fleet_dashboard,
    "power_quality": power_quality,
    "detector_report": detector_report,
}
DEFAULT_DAYS: Final = 7
LONGEST_DAYS: Final = 3_660
LONGEST_OF: Final = {"fleet_dashboard": 366, "power_quality": 92}
"""The questions that read much of each day."""
_OF_A_DEVICE: Final = ("maximum_power", "mean_temperature", "device_generation", "power_quality")
_OF_AN_INVERTER: Final = ("device_generation", "power_quality")
_VERSION: Final = 1
"""Rises where an answer to the same figures is another one."""


def answer_question(  # noqa: PLR0913 - the fields of the form
    settings: Settings,
    *,
    tenant: str,
    question: str,
    subject: str | None,
    source: str | None,
    days: tuple[date | None, date | None],
    now: datetime,
    run_id: str,
) -> dict[str, Any]:
    """Answer one question about a plant or device, or about the whole fleet, over local days, first and last included.

    Without a last day it is yesterday, without a first one the answer covers seven days. The same question on the same figures
    has one answer: `is_new` tells whether it was computed now.

    Returns analysis_id, is_new, question, parameters, data_revision and computed_at. Raises `Refused` for a question that is
    unknown, a subject that is unknown or one of several, and days that are reversed or too many, `NeedsHuman` for an unknown
    tenant.
    """
    if question not in QUESTIONS:
        raise Refused(f"question {question!r} is unknown; ask one of {', '.join(QUESTIONS)}")
    with transaction(settings.database_url) as connection:
        owner = fleet.read_tenant(connection, tenant)
        about, zone_name = _subject(connection, owner, question, subject, source)
        today = local_day(now, ZoneInfo(zone_name))
        first, last = _days(question, days, today)
        figures = _read(connection, owner, about, question, (first, last))
        parameters = {**about, "first_day": first.isoformat(), "last_day": last.isoformat()}
        is_provisional = last >= today
        revision = _digest(figures, is_provisional)
        found = analyses.find_analysis(
            connection, tenant_id=owner.tenant_id, question=question, parameters=parameters, data_revision=revision
        )
        kept = found or analyses.insert_analysis(
            connection,
            {
                "tenant_id": owner.tenant_id,
                "question": question,
                "parameters": parameters,
                "data_revision": revision,
                "answer": {**QUESTIONS[question](figures), "provisional": is_provisional},
                "computed_at": now,
                "run_id": run_id,
            },
        )
        kept = kept or analyses.find_analysis(
            connection, tenant_id=owner.tenant_id, question=question, parameters=parameters, data_revision=revision
        )
    assert kept is not None, "an answer that another run has just kept is there"
    return {
        "analysis_id": kept.analysis_id,
        "is_new": found is None and kept.computed_at == now,
        "question": question,
        "parameters": parameters,
        "data_revision": revision,
        "computed_at": kept.computed_at.isoformat(),
    }


def _subject(
    connection: Connection, owner: fleet.Tenant, question: str, key: str | None, source: str | None
) -> tuple[dict[str, Any], str]:
    """The subject as parameters of the answer, and its zone."""
    if question == "fleet_dashboard":
        if key:
            raise Refused(f"the dashboard is of all plants, not of {key!r}; leave the subject empty")
        return {}, owner.timezone
    if not key:
        raise Refused(f"{question} is asked of a {'device' if question in _OF_A_DEVICE else 'plant'}; give its key")
    if question in _OF_A_DEVICE:
        device = _device(connection, owner, key, source)
        if question in _OF_AN_INVERTER and device["kind"] != "inverter":
            raise Refused(f"device {key!r} is a {device['kind']}, which generates nothing; ask of an inverter")
        return {"device_id": device["device_id"], "device_key": device["device_key"]}, device["timezone"]
    plant = find_plant(fleet.read_plants(connection, owner.slug), key, source)
    return {"plant_id": plant["plant_id"], "plant_key": plant["plant_key"]}, plant["timezone"]


def _device(connection: Connection, owner: fleet.Tenant, key: str, source: str | None) -> dict[str, Any]:
    found = analyses.find_devices(connection, owner.tenant_id, [key, identity(key) or key])
    fitting = [device for device in found if source in {None, device["source"]}]
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        sources = " and ".join(device["source"] for device in fitting)
        raise Refused(f"device {key!r} is there in {sources}; say by the source which of them is meant")
    known = ", ".join(device["device_key"] for device in analyses.read_inverters(connection, owner.tenant_id)[:20]) or "none yet"
    raise Refused(f"device {key!r} does not exist at a plant (inverters: {known}); register it first")


def _days(question: str, asked: tuple[date | None, date | None], today: date) -> tuple[date, date]:
    last = asked[1] or today - timedelta(days=1)
    first = asked[0] or last - timedelta(days=DEFAULT_DAYS - 1)
    if first > last:
        raise Refused(f"from {first} is after to {last}; swap the two")
    if last > today:
        raise Refused(f"{last} has not begun; give a day up to {today}")
    longest = LONGEST_OF.get(question, LONGEST_DAYS)
    if (last - first).days >= longest:
        raise Refused(f"{first} to {last} are {(last - first).days + 1} days and the most is {longest}; ask for fewer")
    return first, last


def _read(
    connection: Connection, owner: fleet.Tenant, about: Mapping[str, Any], question: str, days: tuple[date, date]
) -> QuestionFigures:
    """The figures that the question is about, and no others: whatever else changes leaves the answer as it is."""
    if question == "fleet_dashboard":
        return _read_fleet(connection, owner, days)
    device_ids = [about["device_id"]] if "device_id" in about else []
    if question in {"maximum_power", "mean_temperature"}:
        quantity = "ac_power_kw" if question == "maximum_power" else "temp_inverter_c"
        rows = analyses.read_gauges(connection, device_ids=device_ids, quantity=quantity, days=days)
        return QuestionFigures(days, powers=rows) if question == "maximum_power" else QuestionFigures(days, temperatures=rows)
    if question == "power_quality":
        return QuestionFigures(days, readings=analyses.read_power(connection, device_id=about["device_id"], days=days))
    if question == "detector_report":
        return _read_detectors(connection, about["plant_id"], days)
    plant_ids = [about["plant_id"]] if "plant_id" in about else []
    return QuestionFigures(
        days, energies=analyses.read_energies(connection, plant_ids=plant_ids, device_ids=device_ids, days=days)
    )


def _read_detectors(connection: Connection, plant_id: int, days: tuple[date, date]) -> QuestionFigures:
    model = read_model(connection, plant_id)
    detectors = {
        "code_version": code_version(),
        "model": None if model is None else asdict(model),
        "forecast": analyses.read_forecast_basis(connection, plant_id=plant_id, days=days),
        "answers": analyses.read_inverter_days(connection, plant_id=plant_id, days=days),
    }
    inverters = analyses.read_compared_inverters(connection, plant_id=plant_id)
    return QuestionFigures(days, inverters=inverters, detectors=detectors)


def _read_fleet(connection: Connection, owner: fleet.Tenant, days: tuple[date, date]) -> QuestionFigures:
    plants = sorted(fleet.read_plants(connection, owner.slug), key=lambda row: row["plant_id"])
    inverters = analyses.read_inverters(connection, owner.tenant_id)
    plant_ids, device_ids = [row["plant_id"] for row in plants], [row["device_id"] for row in inverters]
    powers, temperatures = (
        analyses.read_gauges(connection, device_ids=device_ids, quantity=quantity, days=days)
        for quantity in ("ac_power_kw", "temp_inverter_c")
    )
    energies = analyses.read_energies(connection, plant_ids=plant_ids, device_ids=device_ids, days=days)
    shown = [{name: row[name] for name in ("plant_id", "plant_key", "name", "city")} for row in plants]
    return QuestionFigures(days, inverters, energies, powers, temperatures, shown)


def _digest(figures: QuestionFigures, is_provisional: bool) -> str:
    read = [_VERSION, is_provisional, figures.inverters, figures.energies, figures.powers, figures.temperatures, figures.plants]
    read += [figures.readings, figures.detectors] if figures.readings or figures.detectors else []
    return sha256(json.dumps(read, default=str).encode()).hexdigest()
