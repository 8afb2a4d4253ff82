"""Daylight is written twice, in SQL and in numpy: both say the same."""

import numpy as np
import pytest
from sqlalchemy import create_engine, text

from include.rollups.daylight import daylight

pytestmark = pytest.mark.postgres

IN_SQL = text(
    "SELECT latitude, longitude, day::date - date '1970-01-01' AS day, "
    "(extract(epoch FROM lower(light)) * 1000000)::bigint AS lo, (extract(epoch FROM upper(light)) * 1000000)::bigint AS hi "
    "FROM unnest(CAST(:latitudes AS float8[])) AS latitude, unnest(CAST(:longitudes AS float8[])) AS longitude, "
    "generate_series(timestamp '2023-12-25', '2025-01-10', interval '3 days') AS day, "
    "LATERAL (SELECT mart.daylight(day::date, latitude, longitude) AS light) AS l"
)
LATITUDES = [-90, -89.999, -78.2, -66.6, -61.55, -54.8, -33.87, -23.55, -3.73, 0, 10.25, 37.77, 52.52, 64.1, 66.56, 69.65, 90]
LONGITUDES = [-180, -171.77, -46.63, 0, 13.41, 151.21, 179.99]


def test_daylight_is_that_of_the_database_to_the_microsecond(warehouse_url: str):
    engine = create_engine(warehouse_url)
    with engine.connect() as connection:
        rows = connection.execute(IN_SQL, {"latitudes": LATITUDES, "longitudes": LONGITUDES}).all()
    engine.dispose()
    latitude, longitude, day = (np.array([row[i] for row in rows]) for i in range(3))

    lo, hi = daylight(day.astype(np.int32), latitude, longitude)

    is_dark = np.array([row.lo is None for row in rows])
    assert len(rows) > 15_000
    assert is_dark.any()
    assert (lo == hi).tolist() == is_dark.tolist()
    assert lo[~is_dark].tolist() == [row.lo for row in rows if row.lo is not None]
    assert hi[~is_dark].tolist() == [row.hi for row in rows if row.hi is not None]
