"""What Sungrow's interfaces answer, from the sandbox's truth, by subject: plants, devices, realtime, history, faults."""

from collections.abc import Callable
from typing import Any

from sandbox.sungrow.body import Body
from sandbox.sungrow.devices import Devices
from sandbox.sungrow.faults import Faults
from sandbox.sungrow.fleet import Fleet
from sandbox.sungrow.history import History
from sandbox.sungrow.plants import Plants
from sandbox.sungrow.realtime import Realtime
from sandbox.world import World

Answer = Callable[[Body], Any]
"""Makes `result_data` of a body."""


class Answers:
    """The interfaces of both families by name."""

    def __init__(self, world: World) -> None:
        fleet = Fleet(world)
        self._subjects = tuple(subject(world, fleet) for subject in (Plants, Devices, Realtime, History, Faults))

    def login_family(self) -> dict[str, Answer]:
        """Interfaces for tokens of the account login."""
        return {name: answer for subject in self._subjects for name, answer in subject.login_family().items()}

    def platform_family(self) -> dict[str, Answer]:
        """Interfaces for OAuth tokens."""
        return {name: answer for subject in self._subjects for name, answer in subject.platform_family().items()}
