"""How Airflow's UI shows the fleet page: the entries as its plugins name them."""

from typing import Any


def fleet_views(page_url: str) -> list[dict[str, Any]]:
    """The entries, where an operator has said where the page is; Airflow shows it in a frame; people log in to the page.

    Airflow shows a tab on the runs of all DAGs, and puts the id of the run, encoded, where `{RUN_ID}` stands.
    """
    if not page_url:
        return []
    return [
        {"name": "Fleet", "href": page_url, "destination": "nav", "category": "browse", "url_route": "fleet"},
        {
            "name": "What this load did",
            "href": f"{page_url}#/loads?run={{RUN_ID}}",
            "destination": "dag_run",
            "url_route": "what-this-load-did",
        },
    ]
