"""What Huawei's interfaces answer, from the sandbox's truth, by subject: plants, devices, alarms."""

from collections.abc import Callable

from sandbox.huawei.alarms import Alarms
from sandbox.huawei.body import Answer, Body
from sandbox.huawei.devices import Devices
from sandbox.huawei.fleet import Fleet
from sandbox.huawei.plants import Plants
from sandbox.world import World


def answers(world: World) -> dict[str, Callable[[Body], Answer]]:
    """All interfaces by name; each takes the call's body and gives `data`."""
    fleet = Fleet(world)
    subjects = (Plants(world, fleet), Devices(world, fleet), Alarms(world, fleet))
    return {name: answer for subject in subjects for name, answer in subject.interfaces().items()}
