"""What a whole plant did in a local day: its inverters added up, and beside them a load that never changes.

The load is 5 % of the plant's AC capacity, day and night. With it, generated + bought = fed in + used at every instant.
"""

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import pairwise

from sandbox.fleet import Plant
from sandbox.sunshine import Sunshine

LOAD_SHARE = 0.05
STEP_H = 1 / 12
KEPT_DAYS = 4000


@dataclass(frozen=True)
class PlantDay:
    """Five-minute lists of one plant and local day; counters in kWh run from local midnight, power is in kW.

    Days before the plant's first have no rows. A counter goes on with its last known value while an inverter is silent.
    """

    instants: list[datetime]
    power_kw: list[float | None]
    generated_kwh: list[float]
    fed_in_kwh: list[float]
    bought_kwh: list[float]
    total_kwh: list[float]
    load_kw: float

    def used_kwh(self, position: int) -> float:
        """Energy the load took from local midnight to the instant at this position."""
        return self.generated_kwh[position] - self.fed_in_kwh[position] + self.bought_kwh[position]


class PlantDays:
    """Adds up plants, and remembers the days it added up last."""

    def __init__(self, sunshine: Sunshine) -> None:
        self._sunshine = sunshine
        self._kept: OrderedDict[tuple[str, date], PlantDay] = OrderedDict()

    def of(self, plant: Plant, local_day: date) -> PlantDay:
        """The plant's local day, whole, whatever the clock says."""
        key = (plant.key, local_day)
        if key not in self._kept:
            if len(self._kept) >= KEPT_DAYS:
                self._kept.popitem(last=False)
            self._kept[key] = self._add_up(plant, local_day)
        return self._kept[key]

    def _add_up(self, plant: Plant, local_day: date) -> PlantDay:
        days = [self._sunshine.day(inverter, local_day) for inverter in plant.inverters]
        generated = _sums(_carried(day.day_energy_kwh) for day in days)
        # Summed before it is exchanged: inverters of one plant share its connection to the grid.
        fed_in, bought = _exchanged(generated, load_kwh=LOAD_SHARE * plant.capacity_kw * STEP_H)
        return PlantDay(
            instants=days[0].instants,
            power_kw=[_sum_of_known(row) for row in zip(*(day.power_kw for day in days), strict=True)],
            generated_kwh=generated,
            fed_in_kwh=fed_in,
            bought_kwh=bought,
            total_kwh=_sums(_carried(day.total_energy_kwh) for day in days),
            load_kw=LOAD_SHARE * plant.capacity_kw,
        )


def _carried(values: Sequence[float | None]) -> list[float]:
    """A counter without holes: the last known value goes on; before the first known value it is that one."""
    last = next((value for value in values if value is not None), 0.0)
    full = []
    for value in values:
        last = last if value is None else value
        full.append(last)
    return full


def _sums(columns: Iterator[list[float]]) -> list[float]:
    return [round(sum(row), 3) for row in zip(*columns, strict=True)]


def _exchanged(generated: list[float], *, load_kwh: float) -> tuple[list[float], list[float]]:
    """Running energies to and from the grid, from what was generated in each step less what the load took in it."""
    fed_in, bought = [0.0][: len(generated)], [0.0][: len(generated)]
    for before, after in pairwise(generated):
        surplus = after - before - load_kwh
        fed_in.append(fed_in[-1] + max(surplus, 0.0))
        bought.append(bought[-1] + max(-surplus, 0.0))
    return fed_in, bought


def _sum_of_known(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return round(sum(known), 3) if known else None
