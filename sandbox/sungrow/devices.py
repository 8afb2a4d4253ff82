"""Devices: lists, and the catalogue of their points."""

from collections.abc import Callable
from typing import Any

from sandbox.sungrow.body import Body, Refusal
from sandbox.sungrow.fleet import TYPE_NAMES, Device, Fleet, devices_of, logger_of, number_of, uuid_of
from sandbox.sungrow.points import CATALOGUE
from sandbox.sungrow.rows import paged
from sandbox.world import World


class Devices:
    """Answers about devices."""

    def __init__(self, world: World, fleet: Fleet) -> None:
        self._world = world
        self._fleet = fleet

    def login_family(self) -> dict[str, Callable[[Body], Any]]:
        """Interfaces for tokens of the account login."""
        return {
            "getDeviceList": lambda body: self._devices(body, page="curPage", count="rowCount"),
            "getDeviceListByUser": self._devices_of_user,
            "getOpenPointInfo": self._catalogue,
        }

    def platform_family(self) -> dict[str, Callable[[Body], Any]]:
        """Interfaces for OAuth tokens."""
        return {
            "platform/getDeviceListByPsId": lambda body: self._devices(body, page="page", count="row_count"),
        }

    def _devices(self, body: Body, *, page: str, count: str) -> dict[str, Any]:
        wanted = body.text("ps_id")
        plants = [plant for plant in self._fleet.plants() if plant.key == wanted]
        if not plants:
            raise Refusal("E900")
        devices = [device for device in devices_of(plants[0]) if body.is_wanted("is_virtual_unit") or not device.is_virtual]
        if body.given("device_type_list") is not None:
            types = body.texts("device_type_list", most=100)
            devices = [device for device in devices if str(device.device_type) in types]
        state_key = "rel_state" if page == "curPage" else "claim_state"
        return paged([self._device_row(device, state_key) for device in devices], body, page=page, count=count)

    def _devices_of_user(self, body: Body) -> dict[str, Any]:
        rows = [self._device_row(device, "rel_state") for device in self._fleet.all_devices() if not device.is_virtual]
        return paged(rows, body, page="curPage", count="rowCount")

    def _device_row(self, device: Device, state_key: str) -> dict[str, Any]:
        state = self._fleet.state_now(device)
        installed = f"{device.plant.installed_on} 09:00:00"
        return {
            "uuid": uuid_of(device),
            "ps_key": device.key,
            "ps_id": int(device.plant.key),
            "device_sn": None if device.is_virtual else device.serial,
            "device_name": device.name,
            "device_type": device.device_type,
            "device_code": int(device.key.split("_")[2]),
            "chnnl_id": int(device.key.split("_")[3]),
            "type_name": TYPE_NAMES[device.device_type],
            "device_model_id": number_of(device.model, 90_000) + 300_000,
            "device_model_code": device.model,
            "factory_name": "SUNGROW",
            "dev_fault_status": 1 if state == "fault" else 4,
            "dev_status": "0" if state == "offline" else "1",
            state_key: 1,
            "communication_dev_sn": logger_of(device.plant).serial,
            "grid_connection_date": installed,
            "rel_time": installed,
        }

    def _catalogue(self, body: Body) -> dict[str, Any]:
        rows = [
            {
                "point_id": point_id,
                "point_name": point.name,
                "storage_unit": point.unit,
                "show_unit": f"k{point.unit}" if point.unit in {"W", "Wh"} else point.unit,
            }
            for point_id, point in CATALOGUE.get(body.number("device_type"), {}).items()
        ]
        return paged(rows, body, page="curPage", count="rowCount")
