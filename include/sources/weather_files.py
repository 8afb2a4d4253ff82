"""Forecasts of the weather from files: CSV with a header, or JSON with a list of records. One form, whoever made them.

A row is one value of one issue: `issued_at` and `valid_at` (ISO 8601 with an offset or Z), `interval` (`beginning`, `ending` or
`instant`: what `valid_at` is of the time that the value stands for), `ghi_w_m2` or `poa_w_m2`, and `temp_air_c` where it is told.
The rows of one issue lie 15, 30 or 60 minutes apart. Here they become whole hours; an hour that is not wholly told is none.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from include.core.errors import BadDocument
from include.core.span import HOUR_US

_NEEDED: Final = ("issued_at", "valid_at", "interval")
_VALUES: Final = ("ghi_w_m2", "poa_w_m2", "temp_air_c")
_LIMITS: Final = {"ghi_w_m2": (-20.0, 2000.0), "poa_w_m2": (-20.0, 2000.0), "temp_air_c": (-90.0, 60.0)}
_INTERVALS: Final = ("beginning", "ending", "instant")
_STEPS_US: Final = tuple(minutes * 60_000_000 for minutes in (15, 30, 60))


@dataclass(frozen=True, slots=True, eq=False)
class WeatherHours:
    """Hours as they were forecast: instants in us since 1970 UTC, NaN where a value was not told; by issue and hour."""

    issued_us: NDArray[np.int64]
    starts_us: NDArray[np.int64]
    ghi_w_m2: NDArray[np.float64]
    poa_w_m2: NDArray[np.float64]
    air_c: NDArray[np.float64]


def read_weather(paths: Sequence[Path], *, origin_us: int, issued_until_us: int) -> WeatherHours:
    """The hours that begin whole hours after `origin_us`, of what was issued at `issued_until_us` or before.

    Of an hour that several files tell for one issue the last file by name holds. Raises `BadDocument` for a file that cannot be
    read, with its name, the row and what to do.
    """
    tables = [_hours(_rows(path), path, origin_us, issued_until_us) for path in sorted(paths, key=lambda path: path.name)]
    table = pd.concat([_EMPTY, *tables]).drop_duplicates(["issued", "hour"], keep="last").sort_values(["issued", "hour"])
    columns = [table[name].to_numpy(float) for name in _VALUES]
    return WeatherHours(table["issued"].to_numpy(np.int64), table["hour"].to_numpy(np.int64), *columns)


_EMPTY: Final = pd.DataFrame({"issued": np.array([], np.int64), "hour": np.array([], np.int64), **{name: [] for name in _VALUES}})


def _rows(path: Path) -> pd.DataFrame:
    try:
        if path.suffix.lower() == ".json":
            table = pd.read_json(path, orient="records", dtype=False, convert_dates=False)
        else:
            table = pd.read_csv(path, dtype=str, skipinitialspace=True)
    except (ValueError, UnicodeDecodeError, OSError) as error:
        raise BadDocument(f"the weather forecast {path.name} cannot be read: {error}; write it again, or take it away") from error
    if missing := [name for name in _NEEDED if name not in table]:
        raise _fault(path, None, f"lacks the column {missing[0]}")
    if not {"ghi_w_m2", "poa_w_m2"} & set(table):
        raise _fault(path, None, "has neither ghi_w_m2 nor poa_w_m2")
    found = pd.DataFrame({name: _instants(table[name], name, path) for name in ("issued_at", "valid_at")})
    found["interval"] = _words(table["interval"], path)
    for name in _VALUES:
        found[name] = _numbers(table[name], name, path) if name in table else np.nan
    return found


def _fault(path: Path, row: int | None, what: str) -> BadDocument:
    place = "" if row is None else f" in row {row + 1}"
    return BadDocument(f"the weather forecast {path.name}{place} {what}; correct the file and put it there again")


def _first(bad: pd.Series) -> int:
    return int(np.flatnonzero(bad.to_numpy())[0])


def _instants(texts: pd.Series, name: str, path: Path) -> NDArray[np.int64]:
    """Instants with an offset: a local time could be any."""
    texts = texts.astype(str).str.strip()
    bad = ~texts.str.contains(r"(?:[Zz]|[+-]\d{2}:?\d{2})$", regex=True)
    found = pd.to_datetime(texts.where(~bad), format="ISO8601", utc=True, errors="coerce")
    if found.isna().any():
        row = _first(found.isna())
        raise _fault(path, row, f"has the {name} {texts.iloc[row]!r}, which is no time with an offset such as 2026-11-30T06:00Z")
    return found.dt.tz_localize(None).to_numpy("datetime64[us]").astype(np.int64)


def _words(texts: pd.Series, path: Path) -> pd.Series:
    found = texts.astype(str).str.strip().str.lower()
    if (bad := ~found.isin(_INTERVALS)).any():
        raise _fault(path, _first(bad), f"has the interval {texts.iloc[_first(bad)]!r}, which is none of {', '.join(_INTERVALS)}")
    return found


def _numbers(values: pd.Series, name: str, path: Path) -> NDArray[np.float64]:
    found = pd.to_numeric(values, errors="coerce")
    told = values.notna() & (values.astype(str).str.strip() != "")
    low, high = _LIMITS[name]
    bad = told & ~found.between(low, high)
    if bad.any():
        row = _first(bad)
        raise _fault(path, row, f"has {name} {values.iloc[row]!r}, which is no number from {low:g} to {high:g}")
    return found.to_numpy(float)


def _hours(rows: pd.DataFrame, path: Path, origin_us: int, issued_until_us: int) -> pd.DataFrame:
    """Whole hours of each issue, as the means of the values that tell them."""
    kept = rows[rows["issued_at"] <= issued_until_us]
    hours = [_of_issue(group, path, origin_us) for _, group in kept.groupby(["issued_at", "interval"], sort=True)]
    return pd.concat([_EMPTY, *hours])


def _of_issue(rows: pd.DataFrame, path: Path, origin_us: int) -> pd.DataFrame:
    rows = rows.drop_duplicates("valid_at", keep="last").sort_values("valid_at")
    valid_us = rows["valid_at"].to_numpy(np.int64)
    if len(valid_us) < 2:
        return _EMPTY
    step_us = int(np.diff(valid_us).min())
    if step_us not in _STEPS_US:
        raise _fault(path, None, f"has an issue whose values lie {step_us / 60e6:g} minutes apart; 15, 30 and 60 are read")
    values = rows[list(_VALUES)].to_numpy(float)
    if rows["interval"].iloc[0] == "instant":
        values, valid_us = (values[:-1] + values[1:]) / 2, np.where(np.diff(valid_us) == step_us, valid_us[:-1], -1)
    elif rows["interval"].iloc[0] == "ending":
        valid_us = valid_us - step_us
    is_whole = (valid_us >= 0) & ((valid_us - origin_us) % step_us == 0)
    table = pd.DataFrame(values[is_whole], columns=list(_VALUES))
    table["hour"] = (valid_us[is_whole] - origin_us) // HOUR_US * HOUR_US + origin_us
    by_hour = table.groupby("hour")
    found = by_hour.mean().where(by_hour.count() == HOUR_US // step_us)
    found = found.dropna(subset=["ghi_w_m2", "poa_w_m2"], how="all").reset_index()
    found["issued"] = int(rows["issued_at"].iloc[0])
    return found
