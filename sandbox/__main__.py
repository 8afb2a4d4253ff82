"""The imitated clouds: `python -m sandbox --port 9100 [--now ISO] [--seed N] [--plants N] [--limits on|off] [--fault NAME ...]`.

A fault is written `name[@vendor[/interface]][=times]`, for example `too_frequent@huawei/getKpiStationDay=1`; 0 times is without
end. `--kinds` prints all names. Listens on 127.0.0.1 only.
"""

import argparse
import sys
from datetime import UTC, datetime

import uvicorn

from sandbox.clouds import app
from sandbox.fault_kinds import KINDS
from sandbox.faults import UnknownFault
from sandbox.sunshine import Sunshine
from sandbox.world import ShiftedClock, World

HOST = "127.0.0.1"


def arguments(given: list[str] | None = None) -> argparse.Namespace:
    """What the command line says."""
    parser = argparse.ArgumentParser(prog="python -m sandbox", description="Imitations of vendors' clouds on localhost")
    parser.add_argument("--port", type=int, default=9100)
    parser.add_argument("--now", type=_instant, default=None, help="the time at the start; UTC unless it says otherwise")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--plants", type=int, default=3, help="plants per vendor")
    parser.add_argument("--limits", choices=("on", "off"), default="on", help="whether the vendors' call budgets are kept")
    parser.add_argument("--fault", action="append", default=[], help="name[@vendor[/interface]][=times]; may be repeated")
    parser.add_argument("--kinds", action="store_true", help="print the kinds of faults and leave")
    return parser.parse_args(given)


def world_of(wanted: argparse.Namespace) -> World:
    """The world that the command line asks for.

    Raises:
        UnknownFault: a fault's name or vendor is wrong.
    """
    world = World(
        sunshine=Sunshine(wanted.seed, plants=wanted.plants), clock=ShiftedClock(wanted.now), limits_on=wanted.limits == "on"
    )
    for text in wanted.fault:
        world.faults.switch_on_text(text)
    return world


def main() -> int:
    """Serve until stopped."""
    wanted = arguments()
    if wanted.kinds:
        for kind in KINDS.values():
            print(f"{kind.name:24}{kind.says}")
        return 0
    try:
        world = world_of(wanted)
    except UnknownFault as unknown:
        print(unknown, file=sys.stderr)
        return 2
    print(f"Sandbox clouds on http://{HOST}:{wanted.port}, where it is {world.now().isoformat(timespec='seconds')}", flush=True)
    uvicorn.run(app(world), host=HOST, port=wanted.port, log_level="warning", access_log=False)
    return 0


def _instant(text: str) -> datetime:
    instant = datetime.fromisoformat(text)
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)


if __name__ == "__main__":
    sys.exit(main())
