"""What Airflow's forms offer: keys of the fleet, in a page that DAG files read, since they may ask no database."""

import json
import logging
from pathlib import Path
from tempfile import NamedTemporaryFile

from include.core.settings import Settings
from include.warehouse import fleet
from include.warehouse.engine import transaction

_log = logging.getLogger(__name__)


def keep_form_choices(settings: Settings) -> bool:
    """Write the page where the fleet differs from it; True where it was written.

    Whoever reads meanwhile finds a whole page. Where it cannot be written forms offer what they did.
    """
    with transaction(settings.database_url) as connection:
        choices = fleet.read_form_choices(connection, most=settings.most_form_choices)
    page, text = settings.form_choices_page, json.dumps(choices, ensure_ascii=False, indent=1)
    try:
        if page.exists() and page.read_text("utf-8") == text:
            return False
        _replace(page, text)
    except OSError as error:
        _log.warning("Forms offer what they did: %s cannot be written: %s", page, error)
        return False
    return True


def _replace(page: Path, text: str) -> None:
    page.parent.mkdir(parents=True, exist_ok=True)
    with NamedTemporaryFile("w", encoding="utf-8", dir=page.parent, prefix=".form_choices", delete=False) as file:
        file.write(text)
    Path(file.name).chmod(0o644)
    Path(file.name).replace(page)
