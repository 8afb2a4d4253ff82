"""Finds the series behind a document's own keys, registering unknown subjects where the operator allows it."""

from collections.abc import Iterable, Mapping
from copy import copy
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from include.core.documents import DROPS
from include.core.frames import Subject, SubjectKind, customer_and_point
from include.warehouse import fleet
from include.warehouse.engine import Connection, transaction

_OF_BATTERIES: Final = ("battery_power_kw", "battery_pct")


class SubjectDirectory:
    """The known subjects and series of one tenant and source, as one document meets them.

    What a vendor names is registered by the vendor's own lists alone. Registering happens in short transactions of its own, so
    that loads side by side never wait for each other's new series.
    """

    def __init__(self, database_url: str, tenant: fleet.Tenant, kind: SubjectKind, source: str = DROPS) -> None:
        """Start empty; nothing is read before a document names it."""
        self._source = source
        self._url = database_url
        self._tenant = tenant
        self._kind = kind
        self._may_register = source == DROPS and tenant.unknown_devices == "register"
        self._known: dict[str, fleet.KnownSubject] = {}
        self._looked_up: set[str] = set()
        self._series: dict[tuple[int, str], int] = {}
        self._met: set[tuple[int, str]] = set()
        self._names: dict[int, tuple[str, str]] = {}

    def describe(self, frame: pd.DataFrame, described: Mapping[str, Subject]) -> None:
        """Give each row `is_known`, `rated_kw` (NaN where unknown) and `has_battery`, of its subject as registered by now.

        A hybrid inverter says itself that it has a battery: by readings of it in the same frame.
        """
        keys = [str(key) for key in frame["subject"].cat.categories]
        self.look_up(keys, described)
        found = [self._known.get(key) for key in keys] + [None]
        codes = frame["subject"].cat.codes.to_numpy()
        quantities = frame["quantity"].cat
        is_of_battery = np.array([name in _OF_BATTERIES for name in quantities.categories] + [False])
        frame["is_known"] = np.array([subject is not None for subject in found])[codes]
        frame["rated_kw"] = np.array([(subject and subject.rated_kw) or np.nan for subject in found], float)[codes]
        has_battery = np.array([subject is not None and subject.has_battery for subject in found])
        has_battery[codes[is_of_battery[quantities.codes.to_numpy()]]] = True
        frame["has_battery"] = has_battery[codes]

    def series_ids(self, frame: pd.DataFrame) -> NDArray[np.int32]:
        """series_id of each row; every subject in it is known."""
        subjects, quantities = frame["subject"].cat, frame["quantity"].cat
        width = len(quantities.categories)
        combined = subjects.codes.to_numpy().astype(np.int64) * width + quantities.codes.to_numpy()
        used = np.flatnonzero(np.bincount(combined, minlength=1))
        pairs = {
            int(code): (self._known[str(subjects.categories[code // width])].subject_id, str(quantities.categories[code % width]))
            for code in used.tolist()
        }
        self._met.update(pairs.values())
        self._ensure(self._met)
        table = np.zeros(int(used.max(initial=-1)) + 1, np.int32)
        for code, pair in pairs.items():
            table[code] = self._series[pair]
        return np.asarray(table[combined])

    def timezones(self) -> dict[int, str]:
        """IANA zone of each series met so far."""
        zone_of = {subject.subject_id: subject.timezone for subject in self._known.values()}
        return {self._series[pair]: zone_of[pair[0]] for pair in self._met}

    def plant_ids(self) -> list[int]:
        """Plants of the series met so far."""
        plant_of = {subject.subject_id: subject.plant_id for subject in self._known.values()}
        return sorted({plant_id for subject_id, _ in self._met if (plant_id := plant_of[subject_id]) is not None})

    def look_again(self, connection: Connection) -> tuple[list[str], list[str]]:
        """Read the known subjects once more; returns who is registered by now, and who has another rating or battery.

        `connection` holds the tenant's lock, so what it finds cannot change before its transaction ends.
        """
        found = self._read(connection, sorted(self._looked_up))
        rated_anew = [key for key, known in self._known.items() if key in found and _bounds(found[key]) != _bounds(known)]
        self._known |= {key: subject for key, subject in found.items() if key in self._known}
        newly_known = {customer_and_point(key)[0] for key in found.keys() - self._known.keys()}
        return sorted(newly_known), sorted(rated_anew)

    def name_of(self, series_id: int) -> tuple[str, str]:
        """(subject key, quantity) of a series met so far; of a consumption point the customer's key."""
        if series_id not in self._names:
            keys = {subject.subject_id: customer_and_point(key)[0] for key, subject in self._known.items()}
            self._names = {self._series[pair]: (keys[pair[0]], pair[1]) for pair in self._met}
        return self._names[series_id]

    def look_up(self, named: Iterable[str], described: Mapping[str, Subject]) -> None:
        """Read those of these keys that are new, and register the unknown where that is allowed."""
        keys = [key for key in dict.fromkeys(named) if key not in self._looked_up]
        if not keys:
            return
        self._looked_up.update(keys)
        with transaction(self._url) as connection:
            found = self._read(connection, keys)
            unknown = [key for key in keys if key not in found]
            if unknown and self._may_register:
                fleet.register_subjects(connection, self._tenant, self._kind, _with_parents(unknown, described))
                found |= self._read(connection, unknown)
        self._known |= found

    def part(self, keys: Iterable[str]) -> "SubjectDirectory":
        """The directory of one of several documents, which names these of the keys that were looked up for all of them."""
        part = copy(self)
        part._looked_up = set(keys)
        part._known = {key: self._known[key] for key in part._looked_up & self._known.keys()}
        part._met, part._names = set(), {}
        return part

    def _read(self, connection: Connection, keys: list[str]) -> dict[str, fleet.KnownSubject]:
        if self._kind == "point":
            fleet.open_points(connection, self._tenant.tenant_id, keys)
        return fleet.read_subjects(connection, self._tenant.tenant_id, self._kind, keys, self._source)

    def _ensure(self, pairs: set[tuple[int, str]]) -> None:
        new = pairs - self._series.keys()
        if new:
            with transaction(self._url) as connection:
                self._series |= fleet.ensure_series(connection, self._tenant.tenant_id, self._kind, new)


def _bounds(subject: fleet.KnownSubject) -> tuple[float | None, bool]:
    return subject.rated_kw, subject.has_battery


def _with_parents(keys: list[str], described: Mapping[str, Subject]) -> list[Subject]:
    subjects = {key: described.get(key, Subject(key)) for key in keys}
    for subject in list(subjects.values()):
        if subject.parent_key and subject.parent_key not in subjects and subject.parent_key in described:
            subjects[subject.parent_key] = described[subject.parent_key]
    return list(subjects.values())
