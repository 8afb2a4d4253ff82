"""Shows the fleet page inside Airflow's UI: as *Fleet* beside its own entries, and as *What this load did* on every run."""

from typing import Final

from airflow.plugins_manager import AirflowPlugin

from include.core.fleet_page import fleet_views
from include.core.settings import Settings


class FleetPage(AirflowPlugin):
    """Registers the entries; `HELIOGRAPH_PAGE_FRAME_ANCESTORS` of the API permits the frame."""

    name: Final = "heliograph_fleet_page"  # type: ignore[misc]
    external_views = fleet_views(Settings.from_environment().page_url)
