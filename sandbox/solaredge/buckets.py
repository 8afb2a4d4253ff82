"""Quarter hours of an inverter's day."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sandbox.days import InverterDay

FRAMES = 3
LENGTH = timedelta(minutes=15)


@dataclass(frozen=True)
class Bucket:
    """A quarter hour and its energy [kWh]; None at night, where the inverter was silent, and while it is not over."""

    starts_at: datetime
    energy_kwh: float | None

    @property
    def ends_at(self) -> datetime:
        """End of the quarter hour."""
        return self.starts_at + LENGTH


def buckets_of(own: InverterDay, now: datetime) -> list[Bucket]:
    """The quarter hours that have begun; beside the night one of zero, as an inverter wakes before it generates.

    One that a fault keeps from generating is awake and tells zeros.
    """
    counters = [*own.day_energy_kwh, own.energy_kwh]
    starts = list(range(0, len(own.instants), FRAMES))
    energies = [_gain(counters[at], counters[min(at + FRAMES, len(counters) - 1)]) for at in starts]
    told = []
    for rank, at in enumerate(starts):
        is_faulty = "fault" in own.state[at : at + FRAMES]
        is_night = not is_faulty and all(energy == 0 for energy in energies[max(0, rank - 1) : rank + 2])
        is_over = own.instants[at] + LENGTH <= now
        if own.instants[at] <= now:
            told.append(Bucket(own.instants[at], energies[rank] if is_over and not is_night else None))
    return told


def _gain(before: float | None, after: float | None) -> float | None:
    return None if before is None or after is None else round(after - before, 3)
