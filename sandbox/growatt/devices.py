"""What Growatt tells of devices: the lists, the last figures, the figures of a day, the alarms of a day."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

from sandbox.days import InverterDay
from sandbox.fleet import Inverter, inverters_of
from sandbox.growatt.refusal import VENDOR, Query, Refusal, day_of, local_text, page_of, single
from sandbox.world import World

MOST_NOW, MOST_IN_HISTORY = 100, 50
KEPT_DAYS = 95
DC_SHARE = 1 / 0.98
NUMBERS = {"inv": 1, "max": 4, "min": 7}
"""Types in the list of a plant by their names in version 4."""

COUNTERS = {"inv": ("powerToday", "powerTotal"), "max": ("eacToday", "eacTotal"), "min": ("eacToday", "eacTotal")}
SERIALS = {"inv": "inverterId", "max": "serialNum", "min": "serialNum"}


class Devices:
    """Answers about the account's inverters."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._sunshine = world.sunshine

    def page(self, query: Query) -> dict[str, Any]:
        """Devices of one plant: inverters and the logger."""
        plant = self._sunshine.find_plant(query.get("plant_id", ""))
        if plant is None or plant.vendor != VENDOR:
            raise Refusal(10003, "error_plant_not_exist")
        logger = {"device_sn": f"JPC{plant.key[-7:]}", "model": "ShineWiFi-X", "type": 3, "status": 0, "lost": False}
        common = {"manufacturer": "Growatt", "datalogger_sn": logger["device_sn"]}
        inverters = [self._row(inverter) for inverter in plant.inverters]
        rows = [
            row | common | {"device_id": 100 + at, "last_update_time": local_text(self._world.now(), plant)}
            for at, row in enumerate([*inverters, logger])
        ]
        return {"count": len(rows), "devices": page_of(query, rows)}

    def all_devices(self, query: Query) -> dict[str, Any]:
        """Inverters of all plants by type; their plants are not named."""
        inverters = inverters_of(self._sunshine.plants(VENDOR))
        shown = page_of({**query, "perpage": "100"}, inverters)
        rows = [
            {"deviceType": type_of(one), "deviceSn": one.key, "datalogSn": "", "createDate": "2024-02-01 10:00:00.0"}
            for one in shown
        ]
        pages = -(-len(inverters) // 100)
        is_last = int(query.get("page") or 1) >= pages
        return {
            "count": len(inverters), "pages": pages, "pageSize": 100, "startCount": 0, "lastPager": is_last, "notPager": False,
            "other": None, "data": rows,
        }  # fmt: skip

    def last(self, query: Query) -> dict[str, Any]:
        """The last figures of inverters of one type; one that is unknown or of another type is left out."""
        kind, inverters = self._asked(query, MOST_NOW)
        return {kind: [row for inverter in inverters if (row := self._last_row(inverter))]}

    def day_of_several(self, query: Query) -> dict[str, Any]:
        """Figures of inverters of one type on one day, by serial number, the last first."""
        _, inverters = self._asked(query, MOST_IN_HISTORY)
        day = day_of(query, "date", 9)
        return {inverter.key: self._rows(inverter, day)[::-1] for inverter in inverters}

    def day_of_one(self, query: Query) -> dict[str, Any]:
        """The same of one inverter."""
        _, inverters = self._asked(query, 1)
        day = day_of(query, "date", 9)
        rows = self._rows(inverters[0], day)[::-1] if inverters else []
        return {"datas": rows, "start": 0, "haveNext": False}

    def alarms(self, name: str) -> Callable[[Query], dict[str, Any]]:
        """Alarms of one inverter that began on a day; `name` is the field that names it."""

        def answer(query: Query) -> dict[str, Any]:
            inverter = self._sunshine.find_inverter(query.get(name, ""))
            if inverter is None or self._sunshine.plant_of(inverter).vendor != VENDOR:
                raise Refusal(10002, "error_device_not_exist")
            rows = self._alarm_rows(inverter, day_of(query, "date", 10003))
            return {"count": len(rows), name.removesuffix("_sn") + "_sn": inverter.key, "alarms": page_of(query, rows)}

        return answer

    def _asked(self, query: Query, most: int) -> tuple[str, list[Inverter]]:
        kind, serials = query.get("deviceType", ""), [part for part in query.get("deviceSn", "").split(",") if part]
        if not serials:
            raise Refusal(8, "DEVICE_SN_IS_EMPTY")
        if kind not in NUMBERS:
            raise Refusal(7, "DEVICE_TYPE_ERROR")
        if len(serials) > most:
            raise Refusal(11, "DEVICE_SN_EXCEEDS_QUANTITY_LIMIT")
        found = [self._sunshine.find_inverter(serial) for serial in serials]
        own = [one for one in found if one is not None and self._sunshine.plant_of(one).vendor == VENDOR]
        return kind, [inverter for inverter in own if type_of(inverter) == kind]

    def _row(self, inverter: Inverter) -> dict[str, Any]:
        return {
            "device_sn": inverter.key,
            "model": inverter.model,
            "type": NUMBERS[type_of(inverter)],
            "status": 1,
            "lost": False,
        }

    def _last_row(self, inverter: Inverter) -> dict[str, Any] | None:
        today = self._today(inverter)
        for day in (today, today - timedelta(days=1)):
            if rows := self._rows(inverter, day):
                return rows[-1]
        return None

    def _rows(self, inverter: Inverter, day: date) -> list[dict[str, Any]]:
        """Frames of a day that are kept, oldest first; nothing while the inverter is silent."""
        plant = self._sunshine.plant_of(inverter)
        if not self._world.knows(plant, day) or self._today(inverter) - day > timedelta(days=KEPT_DAYS):
            return []
        own = self._sunshine.day(inverter, day).until(self._world.now())
        texts = [local_text(at, plant) for at in own.instants]
        return [row for at, text in enumerate(texts) if (row := _frame(inverter, own, at, text))]

    def _alarm_rows(self, inverter: Inverter, day: date) -> list[dict[str, Any]]:
        plant, now = self._sunshine.plant_of(inverter), self._world.now()
        if not self._world.knows(plant, day):
            return []
        return [
            {
                "alarm_code": 25,
                "alarm_message": "No utility.",
                "status": 1,
                "start_time": f"{local_text(alarm.raised_at, plant)}.0",
                "end_time": f"{local_text(alarm.cleared_at, plant)}.0" if alarm.cleared_at <= now else "",
            }
            for alarm in self._sunshine.alarms(inverter, day)
            if alarm.raised_at <= now
        ]

    def _today(self, inverter: Inverter) -> date:
        return self._world.now().astimezone(self._sunshine.plant_of(inverter).zone()).date()


def type_of(inverter: Inverter) -> str:
    """The type of an inverter: the large ones are `max`, the small ones `min`, the others `inv`."""
    return "max" if inverter.capacity_kw >= 75 else "inv" if inverter.capacity_kw > 50 else "min"


def _frame(inverter: Inverter, day: InverterDay, at: int, text: str) -> dict[str, Any] | None:
    power, energy, total, temperature = day.power_kw[at], day.day_energy_kwh[at], day.total_energy_kwh[at], day.temp_c[at]
    if power is None or energy is None or total is None or temperature is None:
        return None
    kind = type_of(inverter)
    today, lifetime = COUNTERS[kind]
    watts = single(power * 1000)
    zeros = {"powerToday": 0, "powerTotal": 0} if kind == "max" else {}
    return {
        SERIALS[kind]: inverter.key,
        "time": text,
        "pac": watts,
        "ppv": single(power * 1000 * DC_SHARE),
        **zeros,
        today: single(energy),
        lifetime: round(total, 1),
        "temp1" if kind == "min" else "temperature": single(temperature),
        "fac": single(50.01, 2),
        "vac1" if kind == "min" else "vacr": single(231.4),
        "pf": 1,
        "status": {"fault": 3, "standby": 0}.get(day.state[at], 1),
        "statusText": {"fault": "Fault", "standby": "Waiting"}.get(day.state[at], "Normal"),
        "lost": True,
    }
