"""The last values of plants and devices."""

from collections.abc import Callable
from typing import Any

from sandbox.sungrow.body import Body, Refusal
from sandbox.sungrow.fleet import Device, Fleet, plant_device, uuid_of
from sandbox.sungrow.points import CATALOGUE, INVERTER, PLANT
from sandbox.sungrow.rows import MINUTE_FORM, MOST_KEYS, point_dictionary, text_of
from sandbox.world import World

MOST_REALTIME_POINTS = 100


class Realtime:
    """Answers about now."""

    def __init__(self, world: World, fleet: Fleet) -> None:
        self._world = world
        self._fleet = fleet

    def login_family(self) -> dict[str, Callable[[Body], Any]]:
        """Interfaces for tokens of the account login."""
        return {
            "getDeviceRealTimeData": self._realtime,
            "getPVInverterRealTimeData": self._inverters_realtime,
        }

    def platform_family(self) -> dict[str, Callable[[Body], Any]]:
        """Interfaces for OAuth tokens."""
        return {
            "platform/getDeviceRealTimeData": self._realtime,
            "platform/getPowerStationRealTimeData": self._plants_realtime,
        }

    def _realtime(self, body: Body) -> dict[str, Any]:
        points = body.texts("point_id_list", most=MOST_REALTIME_POINTS)
        device_type = body.number("device_type")
        known, unknown, unknown_key = self._asked_by_key_or_serial(body)
        unknown += [device.key for device in known if device.device_type != device_type]
        rows = [{"device_point": self._point_row(device, points)} for device in known if device.device_type == device_type]
        content: dict[str, Any] = {"device_point_list": rows, unknown_key: unknown}
        if body.is_wanted("is_get_point_dict"):
            content["point_dict"] = point_dictionary(device_type, points)
        return content

    def _inverters_realtime(self, body: Body) -> dict[str, Any]:
        known, unknown, unknown_key = self._asked_by_key_or_serial(body)
        rows = [{"device_point": self._point_row(device, list(CATALOGUE[INVERTER]))} for device in known if device.inverter]
        return {"device_point_list": rows, unknown_key: unknown + [device.key for device in known if not device.inverter]}

    def _plants_realtime(self, body: Body) -> dict[str, Any]:
        points = body.texts("point_id_list", most=MOST_REALTIME_POINTS)
        asked = body.texts("ps_id_list", most=MOST_KEYS)
        known = {plant.key: plant for plant in self._fleet.plants()}
        content: dict[str, Any] = {
            "device_point_list": [self._point_row(plant_device(known[key]), points) for key in asked if key in known],
            "fail_ps_id_list": [key for key in asked if key not in known],
        }
        if body.is_wanted("is_get_point_dict"):
            content["point_dict"] = point_dictionary(PLANT, points)
        return content

    def _asked_by_key_or_serial(self, body: Body) -> tuple[list[Device], list[str], str]:
        if body.given("ps_key_list") is not None:
            asked, known = body.texts("ps_key_list", most=MOST_KEYS), {device.key: device for device in self._fleet.all_devices()}
            name = "fail_ps_key_list"
        elif body.given("sn_list") is not None:
            asked, known = body.texts("sn_list", most=MOST_KEYS), {device.serial: device for device in self._fleet.all_devices()}
            name = "fail_sn_list"
        else:
            raise Refusal("009", "er_missing_parameter:ps_key_list")
        return [known[key] for key in asked if key in known], [key for key in asked if key not in known], name

    def _point_row(self, device: Device, points: list[str]) -> dict[str, Any]:
        instant, readings = self._fleet.readings_now(device)
        state = self._fleet.state_now(device)
        return {
            "ps_key": device.key,
            "uuid": uuid_of(device),
            "ps_id": int(device.plant.key),
            "device_sn": None if device.is_virtual else device.serial,
            "device_name": device.name,
            "device_time": instant and instant.astimezone(device.plant.zone()).strftime(MINUTE_FORM),
            "dev_status": 0 if state == "offline" else 1,
            "dev_fault_status": 1 if state == "fault" else 4,
            **{f"p{point}": text_of(readings.get(point)) for point in points if point in CATALOGUE.get(device.device_type, {})},
        }
