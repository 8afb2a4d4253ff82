"""A day's energy beside what the plant's model makes under a sky without clouds. Pure.

No weather gives more, so what is more is an error of the energy, the capacity or the plane. The air is taken as 25 °C: two real
plants in a cold place made up to 1.20 times their clear-sky energy. The edges of clouds brighten minutes, not days.
"""

from collections.abc import Mapping
from typing import Any, Final

from include.core.coverage import is_complete

ABOVE: Final = 1.25
FAR_ABOVE: Final = 2.0
"""Times the clear-sky energy; where the plane is assumed only the latter tells: a wrong one made 1.6 of real days."""
_LEAST_YIELD_H: Final = 0.5
"""Clear-sky energy by capacity below which a day of polar winter is not judged."""


def ceiling_level(day: Mapping[str, Any]) -> int | None:
    """2 far above the ceiling, 1 above it, 0 below, None where nothing can be told.

    `day` has energy_kwh, completeness, clear_sky_kwh, capacity_kwp, capacity_source, plane_source and is_place_guessed. A
    capacity that was fitted to the plant's own days is no ceiling: a plant that was enlarged outgrows it.
    """
    is_known = day["energy_kwh"] is not None and day["completeness"] is not None and is_complete(day["completeness"])
    has_ceiling = day["clear_sky_kwh"] is not None and day["capacity_source"] == "registered"
    if not (is_known and has_ceiling) or day["clear_sky_kwh"] < _LEAST_YIELD_H * day["capacity_kwp"]:
        return None
    times = day["energy_kwh"] / day["clear_sky_kwh"]
    is_plane_known = day["plane_source"] != "assumed" and not day["is_place_guessed"]
    return 2 if times > FAR_ABOVE else int(is_plane_known and times > ABOVE)
