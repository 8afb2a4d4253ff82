"""What SolarEdge tells of sites: the list, details, inverters, energies, quarter hours, open alerts."""

from datetime import date, datetime, timedelta
from typing import Any

from sandbox.fleet import Inverter, Plant
from sandbox.solaredge.buckets import Bucket, buckets_of
from sandbox.world import World

VENDOR = "solaredge"
LONGEST = {"QUARTER_HOUR": timedelta(hours=12), "HOUR": timedelta(hours=25), "DAY": timedelta(days=31)}
MOST_SITES, MOST_ALERTS = 1000, 100
VOLTS, HERTZ = 231.4, 50.01

Query = dict[str, str]


class Refusal(Exception):
    """An answer that is no success: an HTTP status with a sentence."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status


class Sites:
    """Answers about the account's sites, by the site of the path and the query."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._sunshine = world.sunshine

    def page(self, site: str, query: Query) -> dict[str, Any]:
        """A page of the sites; the zone stands in the details only."""
        plants = self._sunshine.plants(VENDOR)
        shown = _page(query, "sites-in-page", MOST_SITES, list(plants))
        return {"sites": {"count": len(shown), "site": [_site(plant) for plant in shown]}}

    def details(self, site: str, query: Query) -> dict[str, Any]:
        """One site with its zone."""
        plant = self._plant(site)
        row = _site(plant)
        return row | {"location": row["location"] | {"timezone": plant.timezone}, "accountId": 42}

    def devices(self, site: str, query: Query) -> list[dict[str, Any]]:
        """Inverters, which are all that is told without `types`."""
        return [_device(inverter) for inverter in self._plant(site).inverters]

    def energy(self, site: str, query: Query) -> dict[str, Any]:
        """Energies of the site in days or hours."""
        plant, resolution = self._plant(site), query.get("resolution", "QUARTER_HOUR")
        start, end = self._span(plant, query, resolution)
        unit = query.get("unit", "WH")
        if resolution == "DAY":
            values = [
                (_midnight(plant, day), self._energy_of(plant, day)) for day in _days(start.date(), end.date())
            ]  # fmt: skip
        elif resolution == "HOUR":
            values = [
                (at, energy)
                for day in _days(start.date(), end.date())
                for at, energy in self._hours(plant, day)
                if start <= at <= end
            ]
        elif resolution == "QUARTER_HOUR":
            values = self._quarters(plant, start, end)
        else:
            raise Refusal(400, f"resolution {resolution} is not served by this sandbox")
        factor = {"WH": 1000.0, "KWH": 1.0}.get(unit)
        if factor is None:
            raise Refusal(400, f"unit {unit} is none")
        return self._series(plant, start, end, unit, resolution, [(at, _times(value, factor)) for at, value in values])

    def power(self, site: str, query: Query) -> dict[str, Any]:
        """Power of the site, the mean of each quarter hour."""
        plant, resolution = self._plant(site), query.get("resolution", "QUARTER_HOUR")
        if resolution != "QUARTER_HOUR":
            raise Refusal(400, f"resolution {resolution} is not served by this sandbox")
        start, end = self._span(plant, query, resolution)
        values = [(at, _times(energy, 4000.0)) for at, energy in self._quarters(plant, start, end)]
        return self._series(plant, start, end, "W", resolution, values)

    def inverters(self, site: str, query: Query) -> dict[str, Any]:
        """Quarter hours of all inverters; a bucket that is not over, or in which one was silent, has no value."""
        plant, resolution = self._plant(site), query.get("resolution", "QUARTER_HOUR")
        if resolution != "QUARTER_HOUR":
            raise Refusal(400, f"resolution {resolution} is not served by this sandbox")
        start, end = self._span(plant, query, resolution)
        told = {}
        for inverter in plant.inverters:
            found = [
                bucket
                for day in _days(start.date(), end.date())
                for bucket in buckets_of(self._sunshine.day(inverter, day), self._world.now())
                if start <= bucket.starts_at <= end
            ]
            told[inverter.key] = self._metrics(plant, found)
        return {"inverters": told}

    def alerts(self, site: str, query: Query) -> list[dict[str, Any]]:
        """The open alerts of all sites."""
        rows = [row for plant in self._sunshine.plants(VENDOR) for row in self._alerts_of(plant)]
        return _page(query, "alerts-in-page", MOST_ALERTS, rows)

    def alerts_of_site(self, site: str, query: Query) -> list[dict[str, Any]]:
        """The open alerts of one site."""
        return _page(query, "alerts-in-page", MOST_ALERTS, self._alerts_of(self._plant(site)))

    def _plant(self, site: str) -> Plant:
        plant = self._sunshine.find_plant(site)
        if plant is None or plant.vendor != VENDOR:
            raise Refusal(403, "Access to the site is denied")
        return plant

    def _span(self, plant: Plant, query: Query, resolution: str) -> tuple[datetime, datetime]:
        """From and to, aware; without them from the site's midnight until now."""
        now = self._world.now().astimezone(plant.zone())
        try:
            start = _local(query["from"], plant) if "from" in query else now.replace(hour=0, minute=0, second=0, microsecond=0)
            end = _local(query["to"], plant) if "to" in query else now
        except ValueError as error:
            raise Refusal(400, "from and to are date-times such as 2026-05-01T00:00:00") from error
        longest = LONGEST.get(resolution)
        if longest is None or not timedelta(0) <= end - start <= longest:
            raise Refusal(400, f"the span from {start} to {end} is too long for the resolution {resolution}")
        return start, end

    def _energy_of(self, plant: Plant, day: date) -> float | None:
        now = self._world.now()
        if day > now.astimezone(plant.zone()).date():
            return None
        return round(sum(self._sunshine.day(inverter, day).until(now).energy_kwh for inverter in plant.inverters), 3)

    def _hours(self, plant: Plant, day: date) -> list[tuple[datetime, float]]:
        days = [self._sunshine.day(inverter, day).until(self._world.now()) for inverter in plant.inverters]
        sums: dict[datetime, float] = {}
        for own in days:
            for at, energy in own.hours:
                sums[at] = sums.get(at, 0.0) + energy
        return sorted(sums.items())

    def _quarters(self, plant: Plant, start: datetime, end: datetime) -> list[tuple[datetime, float | None]]:
        """Energies of the site's quarter hours; none of one in which no inverter was heard."""
        sums: dict[datetime, float | None] = {}
        for inverter in plant.inverters:
            for day in _days(start.date(), end.date()):
                for bucket in buckets_of(self._sunshine.day(inverter, day), self._world.now()):
                    if start <= bucket.starts_at <= end:
                        before = sums.get(bucket.starts_at)
                        told = bucket.energy_kwh
                        sums[bucket.starts_at] = before if told is None else round((before or 0.0) + told, 3)
        return sorted(sums.items())

    def _series(
        self, plant: Plant, start: datetime, end: datetime, unit: str, resolution: str, values: list[tuple[datetime, Any]]
    ) -> dict[str, Any]:
        rows = [{"timestamp": _written(at, plant), "value": value} for at, value in values]
        period = {"from": _written(start, plant), "to": _written(end, plant)}
        return {"period": period, "unit": unit, "resolution": resolution, "values": rows}

    def _metrics(self, plant: Plant, found: list[Bucket]) -> dict[str, Any]:
        """Voltage and frequency are those of the bucket's end, and are told with its time."""

        def rows(value: Any, *, is_end: bool = False) -> list[dict[str, Any]]:  # noqa: ANN401 - a function of a bucket
            return [
                {"timestamp": _written(bucket.ends_at if is_end else bucket.starts_at, plant), "value": value(bucket)}
                for bucket in found
            ]

        return {
            "power": {"unit": "W", "resolution": "QUARTER_HOUR", "values": rows(lambda one: _times(one.energy_kwh, 4000.0))},
            "energy": {"unit": "WH", "resolution": "QUARTER_HOUR", "values": rows(lambda one: _times(one.energy_kwh, 1000.0))},
            "voltage": {"unit": "VOLT", "values": rows(lambda one: _fixed(one, VOLTS), is_end=True)},
            "frequency": {"unit": "HERTZ", "values": rows(lambda one: _fixed(one, HERTZ), is_end=True)},
        }

    def _alerts_of(self, plant: Plant) -> list[dict[str, Any]]:
        now = self._world.now()
        day = now.astimezone(plant.zone()).date()
        return [
            {
                "alertId": 112_000_000 + int(alarm.raised_at.timestamp()) % 100_000_000,
                "siteId": int(plant.key),
                "category": "EQUIPMENT",
                "type": "INVERTER_BELOW_THRESHOLD_LIMIT",
                "impact": 7,
                "status": "OPEN",
                "firstTrigger": f"{alarm.raised_at:%Y-%m-%dT%H:%M:%SZ}",
                "lastTrigger": f"{now:%Y-%m-%dT%H:%M:%SZ}",
                "component": {"name": inverter.name, "serialNumber": inverter.key},
                "errorCodes": [],
            }
            for inverter in plant.inverters
            for alarm in self._sunshine.alarms(inverter, day)
            if alarm.raised_at <= now < alarm.cleared_at
        ]


def _site(plant: Plant) -> dict[str, Any]:
    return {
        "siteId": int(plant.key),
        "name": plant.name,
        "peakPower": plant.capacity_kwp,
        "installationDate": f"{plant.installed_on}T00:00:00Z",
        "location": {"city": plant.timezone.split("/")[1].replace("_", " "), "country": "", "address": "", "zip": ""},
        "activationStatus": "ACTIVE",
        "note": "",
    }


def _device(inverter: Inverter) -> dict[str, Any]:
    return {
        "type": "INVERTER",
        "serialNumber": inverter.key,
        "manufacturer": "SolarEdge",
        "partNumber": inverter.model,
        "createdAt": "2024-02-01T10:00:00Z",
        "firmwareVersion": "4.21.30",
        "connectedTo": None,
        "active": True,
        "nameplate": 0,
        "name": inverter.name,
        "communicationType": "ETHERNET",
        "connectedOptimizers": 40,
    }


def _page(query: Query, size_name: str, most: int, rows: list[Any]) -> list[Any]:
    page, size = query.get("page", "1"), query.get(size_name, "50")
    if not (page.isdecimal() and size.isdecimal() and 1 <= int(page) <= 100_000 and 1 <= int(size) <= most):
        raise Refusal(400, f"page and {size_name} are numbers from 1, and at most {most} rows are on one page")
    return rows[(int(page) - 1) * int(size) : int(page) * int(size)]


def _local(text: str, plant: Plant) -> datetime:
    written = datetime.fromisoformat(text)
    if not 2000 <= written.year <= 2100:
        raise ValueError(text)
    return written if written.tzinfo else written.replace(tzinfo=plant.zone())


def _midnight(plant: Plant, day: date) -> datetime:
    return datetime.combine(day, datetime.min.time(), plant.zone())


def _days(first: date, last: date) -> list[date]:
    return [first + timedelta(days=at) for at in range((last - first).days + 1)]


def _written(at: datetime, plant: Plant) -> str:
    return at.astimezone(plant.zone()).isoformat(timespec="seconds")


def _times(value: float | None, factor: float) -> float | None:
    return None if value is None else round(value * factor, 4)


def _fixed(bucket: Bucket, value: float) -> float | None:
    return None if bucket.energy_kwh is None else value
