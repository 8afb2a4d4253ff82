"""Plants: lists with and without figures, and details."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from sandbox.fleet import Plant
from sandbox.sungrow.body import Body, Refusal, invalid
from sandbox.sungrow.fleet import Fleet, devices_of, plant_device
from sandbox.sungrow.rows import paged
from sandbox.world import World

MOST_DETAILS = 20
CHINA = timezone(timedelta(hours=8))


class Plants:
    """Answers about plants."""

    def __init__(self, world: World, fleet: Fleet) -> None:
        self._world = world
        self._fleet = fleet

    def login_family(self) -> dict[str, Callable[[Body], Any]]:
        """Interfaces for tokens of the account login."""
        return {
            "getPowerStationList": self._plants_with_figures,
            "getPowerStationDetail": self._plant_of_serial,
            "getBatchPsDetail": self._plant_details,
        }

    def platform_family(self) -> dict[str, Callable[[Body], Any]]:
        """Interfaces for OAuth tokens."""
        return {
            "platform/queryPowerStationList": self._plants_without_figures,
            "platform/getPowerStationDetail": self._plant_details,
        }

    def _plants_with_figures(self, body: Body) -> dict[str, Any]:
        rows = [self._plant_with_figures(plant) for plant in self._plants_asked(body)]
        return paged(rows, body, page="curPage", count="rowCount")

    def _plants_without_figures(self, body: Body) -> dict[str, Any]:
        return paged([self._plant_row(plant) for plant in self._plants_asked(body)], body, page="page", count="row_count")

    def _plants_asked(self, body: Body) -> list[Plant]:
        """The default is valid plants only, and all plants here are valid distributed ones."""
        if "1" not in str(body.given("valid_flag") or "1").split(","):
            return []
        if "3" not in str(body.given("ps_type") or "3").split(","):
            return []
        return [plant for plant in self._fleet.plants() if str(body.given("ps_name") or "") in plant.name]

    def _plant_row(self, plant: Plant) -> dict[str, Any]:
        states = [self._fleet.state_now(device) for device in devices_of(plant) if device.inverter]
        return {
            "ps_id": int(plant.key),
            "ps_name": plant.name,
            "ps_type": 3,
            "ps_status": 1 if set(states) != {"offline"} else 0,
            "ps_fault_status": 1 if "fault" in states else 3,
            "connect_type": 1,
            "build_status": 1,
            "valid_flag": 1,
            "grid_connection_status": 1,
            "install_date": f"{plant.installed_on} 00:00:00",
            "ps_current_time_zone": _fixed_zone(plant, self._world.now()),
            "latitude": plant.latitude,
            "longitude": plant.longitude,
            "ps_location": plant.name,
        }

    def _plant_with_figures(self, plant: Plant) -> dict[str, Any]:
        readings = self._fleet.readings_now(plant_device(plant))[1]
        today, total = readings.get("83022") or 0.0, readings.get("83024") or 0.0
        updated = self._world.now().astimezone(CHINA).replace(second=0, microsecond=0)
        stamp = updated.replace(minute=updated.minute // 5 * 5).isoformat()
        return {
            **self._plant_row(plant),
            "share_type": "0",
            "curr_power": _scaled(readings.get("83033") or 0.0, "W"),
            "today_energy": _scaled(today, "Wh"),
            "total_energy": _scaled(total, "Wh"),
            "total_capcity": _scaled(plant.capacity_kwp * 1000, "Wp"),
            "equivalent_hour": {"unit": "Hours", "value": f"{today / 1000 / plant.capacity_kwp:.2f}"},
            "co2_reduce": {"unit": "kg", "value": f"{today / 1000 * 0.475:.1f}"},
            "curr_power_update_time": stamp,
            "today_energy_update_time": stamp,
            "total_energy_update_time": stamp,
        }

    def _plant_details(self, body: Body) -> dict[str, Any]:
        """Details by `ps_ids` (comma text) or `sns` (of any device of the plant)."""
        if body.given("ps_ids") is None and body.given("sns") is None:
            raise Refusal("009", "er_missing_parameter:ps_ids")
        asked = body.text("ps_ids" if body.given("ps_ids") is not None else "sns").split(",")
        if len(asked) > MOST_DETAILS:
            raise invalid("ps_ids")
        known = {plant.key: plant for plant in self._fleet.plants()}
        if body.given("ps_ids") is None:
            known = {device.serial: device.plant for device in self._fleet.all_devices()}
        return {
            "code": 1,
            "not_authorization_ps_list": [key for key in asked if key not in known],
            "data_list": [self._detail(known[key]) for key in asked if key in known],
        }

    def _plant_of_serial(self, body: Body) -> dict[str, Any]:
        serial = body.text("sn")
        found = [device.plant for device in self._fleet.all_devices() if device.serial == serial]
        if not found:
            raise invalid("sn")
        return self._detail(found[0])

    def _detail(self, plant: Plant) -> dict[str, Any]:
        return {
            **self._plant_row(plant),
            "install_power": plant.capacity_kw * 1000,
            "design_capacity": plant.capacity_kwp * 1000,
            "ps_country_timezone": _fixed_zone(plant, self._world.now()),
        }


def _fixed_zone(plant: Plant, now: datetime) -> str:
    """`GMT+1`: the standard offset, in summer too."""
    local = now.astimezone(UTC).astimezone(plant.zone())
    hours = ((local.utcoffset() or timedelta(0)) - (local.dst() or timedelta(0))) // timedelta(hours=1)
    return f"GMT{hours:+d}"


def _scaled(value: float, unit: str) -> dict[str, str]:
    """A figure with the unit that keeps it short: W, kW, MW, GW."""
    for prefix in ("", "k", "M"):
        if abs(value) < 1000:
            return {"unit": prefix + unit, "value": f"{value:.2f}"}
        value /= 1000
    return {"unit": f"G{unit}", "value": f"{value:.2f}"}
