"""Registers our timetables with Airflow under the name by which DAGs import them."""

from airflow.plugins_manager import AirflowPlugin

from plugins.vendor_pace import VendorPace


class TimetablePlugin(AirflowPlugin):
    """Lets the scheduler make the timetables of stored DAGs anew."""

    name = "heliograph_timetables"
    timetables = [VendorPace]  # noqa: RUF012 - Airflow reads a plain class attribute
