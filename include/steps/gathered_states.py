"""The text states of one document: the last of each (series, instant), and the earlier ones that it contradicts."""

from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
import pandas as pd
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class ContradictedState:
    """A state that a later row of the document contradicts; `at` is an aware instant."""

    row_number: int
    series_id: int
    at: datetime
    state: str


@dataclass(slots=True)
class GatheredStates:
    """States so far, with how many rows repeated one."""

    repeated: int = 0
    contradicted: list[ContradictedState] = field(default_factory=list)
    _last: dict[tuple[int, datetime], tuple[str, int]] = field(default_factory=dict)

    def add(self, frame: pd.DataFrame, series_ids: NDArray[np.int32]) -> None:
        """Take the states of one piece, in document order."""
        columns = (frame["row_number"], series_ids, frame["measured_at"], frame["state"])
        for row_number, series_id, at, state in zip(*columns, strict=True):
            key = (int(series_id), at.to_pydatetime())
            earlier = self._last.get(key)
            if earlier is not None and earlier[0] == state:
                self.repeated += 1
            elif earlier is not None:
                self.contradicted.append(ContradictedState(earlier[1], *key, earlier[0]))
            self._last[key] = (state, int(row_number))

    def rows(self) -> list[tuple[int, datetime, str]]:
        """(series_id, instant, state), each (series, instant) once."""
        return [(series_id, at, state) for (series_id, at), (state, _) in self._last.items()]

    def instants(self) -> list[datetime]:
        """Every instant that has a state."""
        return [at for _, at in self._last]
