"""The vendors' clouds in one web application on localhost, with a door to what is behind them: `/control`.

`/control` tells and changes the sandbox itself: the clock, the faults, the budgets, the tokens, the truth of a day. It has no
login, so the application must listen on loopback only; calls from elsewhere are refused.
"""

from datetime import date, timedelta
from ipaddress import ip_address
from typing import Any

from fastapi import APIRouter, Depends, FastAPI, HTTPException, Request
from pydantic import BaseModel, ConfigDict, Field

from sandbox import deye, growatt, huawei, solaredge, sungrow
from sandbox.fault_kinds import KINDS
from sandbox.faults import UnknownFault
from sandbox.faulty_answers import FaultyAnswers
from sandbox.fleet import VENDORS, Plant
from sandbox.world import World

MOST_AHEAD = timedelta(days=366)


class FaultOn(BaseModel):
    """A fault to switch on; see `Faults.switch_on`."""

    model_config = ConfigDict(extra="forbid")

    name: str
    vendor: str | None = None
    interface: str | None = None
    times: int | None = Field(default=None, ge=0)
    seconds: float | None = Field(default=None, ge=0, le=3600)


class Change(BaseModel):
    """A change of the clock (seconds forward) or of the budgets (on or off; forget the calls so far)."""

    model_config = ConfigDict(extra="forbid")

    advance_s: float = Field(default=0, ge=0, le=10 * 366 * 86_400)
    limits_on: bool | None = None
    forget_calls: bool = False


def app(world: World) -> FaultyAnswers:
    """The application; each call of a vendor's path goes through the faults that are on.

    The faults are outermost, next to the server: from further inside they could not close a connection.
    """
    made = FastAPI(title="Sandbox clouds", docs_url=None, redoc_url=None, openapi_url=None)
    for vendor in (huawei, sungrow, deye, solaredge, growatt):
        made.include_router(vendor.router(world))
    made.include_router(control(world))
    return FaultyAnswers(made, world.faults)


def control(world: World) -> APIRouter:
    """The door behind the clouds, for tests, the demo and people."""
    door = Control(world)
    routes = APIRouter(prefix="/control", dependencies=[Depends(_must_be_near)])
    routes.get("")(door.state)
    routes.post("")(door.change)
    routes.get("/kinds")(door.kinds)
    routes.post("/faults")(door.switch_on)
    routes.delete("/faults")(door.switch_off)
    routes.get("/calls")(door.calls)
    routes.delete("/tokens")(door.end_tokens)
    routes.get("/truth/{vendor}/{day}")(door.truth)
    return routes


class Control:
    """What `/control` tells and changes."""

    def __init__(self, world: World) -> None:
        self._world = world

    def state(self) -> dict[str, Any]:
        """The clock, the faults since they were switched on, and whether budgets count."""
        world = self._world
        return {"now": world.now().isoformat(), "limits_on": world.limits.on, "faults": world.faults.told()}

    def change(self, wanted: Change) -> dict[str, Any]:
        """Put the clock forward, switch the budgets on or off, forget the calls so far."""
        limits = self._world.limits
        self._world.clock.advance(wanted.advance_s)
        limits.on = limits.on if wanted.limits_on is None else wanted.limits_on
        if wanted.forget_calls:
            limits.forget()
        return self.state()

    def kinds(self) -> list[dict[str, Any]]:
        """All kinds of faults."""
        return [{"name": kind.name, "says": kind.says, "vendors": kind.vendors, "times": kind.times} for kind in KINDS.values()]

    def switch_on(self, fault: FaultOn) -> dict[str, Any]:
        """Switch a fault on."""
        try:
            return self._world.faults.switch_on(**fault.model_dump()).told()
        except UnknownFault as unknown:
            raise HTTPException(422, str(unknown)) from unknown

    def switch_off(self, name: str | None = None) -> dict[str, int]:
        """Switch the faults of a name off, or all."""
        return {"switched_off": self._world.faults.switch_off(name)}

    def calls(self) -> list[dict[str, Any]]:
        """Calls and refusals per vendor, account and interface."""
        return self._world.limits.counts()

    def end_tokens(self, vendor: str | None = None) -> dict[str, int]:
        """End all tokens, or a vendor's."""
        return {"ended": self._world.tokens.end_all(vendor)}

    def truth(self, vendor: str, day: date) -> list[dict[str, Any]]:
        """What each plant and inverter of a vendor really did on a local day, in kWh; whole days, the future too."""
        if vendor not in VENDORS:
            raise HTTPException(404, f"There is no vendor named {vendor!r}")
        if day > self._world.now().date() + MOST_AHEAD:
            raise HTTPException(422, f"{day} is more than {MOST_AHEAD.days} days ahead")
        return [_truth_of(self._world, plant, day) for plant in self._world.sunshine.plants(vendor)]


def _truth_of(world: World, plant: Plant, day: date) -> dict[str, Any]:
    days = {inverter.key: world.sunshine.day(inverter, day) for inverter in plant.inverters}
    energies = {key: own.energy_kwh for key, own in days.items()}
    return {
        "plant": plant.key,
        "name": plant.name,
        "timezone": plant.timezone,
        "energy_kwh": round(sum(energies.values()), 3),
        "inverters": energies,
        "hours": {key: [energy for _, energy in own.hours] for key, own in days.items()},
        "irradiation_kwh_m2": world.sunshine.weather(plant, day).irradiation_kwh_m2,
    }


def _must_be_near(request: Request) -> None:
    """Refuse a caller from another machine, should the sandbox ever listen beyond loopback."""
    host = request.client.host if request.client else "127.0.0.1"
    if host != "testclient" and not ip_address(host).is_loopback:
        raise HTTPException(403, "The sandbox is controlled from its own machine only")
