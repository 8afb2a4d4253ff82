"""What Deye's interfaces answer, from the sandbox's truth, by subject: stations, devices, alerts.

Station fields are W and kWh without a unit, device values are texts with a unit. Frames are labelled in Unix seconds, days in
plant-local dates. The current day is there as far as it has come. A frame that an inverter did not send is missing.
"""

from collections.abc import Callable
from typing import Any

from sandbox.deye.alerts import Alerts
from sandbox.deye.body import Body
from sandbox.deye.devices import Devices
from sandbox.deye.fleet import Fleet
from sandbox.deye.stations import Stations
from sandbox.world import World

Answer = Callable[[Body, bool], dict[str, Any]]
"""Makes a payload of a body; the second argument tells whether the token is the company's."""


def answers(world: World) -> dict[str, Answer]:
    """Every interface behind a token."""
    fleet = Fleet(world)
    subjects = (Stations(world, fleet), Devices(world, fleet), Alerts(world, fleet))
    return {name: answer for subject in subjects for name, answer in subject.interfaces().items()}
