"""The demo: one tenant, the samples in its drop folder, and the DAGs that carry them to reports."""

from pathlib import Path
from typing import Any, Final

from cli.fleet import place
from cli.run.flow import Stage
from include.core.documents import FEEDS
from include.core.settings import Settings
from include.warehouse import documents
from include.warehouse.engine import transaction

TENANT: Final = "demo"
SAMPLES: Final = Path(__file__).resolve().parents[2] / "samples" / "drops"


def prepare_demo(settings: Settings) -> None:
    """Make the demo tenant and its login; called before anything is dropped, on every run, so it must be repeatable."""


def drop_samples(settings: Settings, samples: Path = SAMPLES) -> int:
    """Deliver every sample, each whole or not at all; returns how many. Documents known by their sha256 are not loaded again."""
    delivered = 0
    for feed in FEEDS:
        folder = settings.drops_path / TENANT / feed
        folder.mkdir(parents=True, exist_ok=True)
        for file in sorted((samples / feed).glob("[!.]*")):
            place(file, folder)
            delivered += 1
    return delivered


def stages(settings: Settings) -> list[Stage]:
    """The DAGs in the order of the river, each with what still waits for it."""
    return [
        Stage("drops to landing", "land_file_drops", lambda: waiting_drops(settings), "files", must_run=True),
        Stage("registry to fleet", "register_fleet", lambda: waiting_documents(settings, registry=True), "documents"),
        Stage(
            "landing to readings",
            "load_readings",
            lambda: waiting_documents(settings, registry=False),
            "documents",
            must_run=True,
        ),
        Stage("readings to rollups", "roll_up_readings", lambda: 0, "days", must_run=True),
    ]


def waiting_drops(settings: Settings) -> int:
    """Files of the demo tenant that nobody has claimed yet."""
    return sum(1 for feed in FEEDS for file in (settings.drops_path / TENANT / feed).glob("[!.]*") if file.is_file())


def waiting_documents(settings: Settings, *, registry: bool) -> int:
    """Documents that are landed but not loaded, of the registry feed or of all others."""
    return sum(row["waiting"] for row in read_status(settings) if (row["feed"] == "registry") == registry)


def read_status(settings: Settings) -> list[dict[str, Any]]:
    """Per tenant and feed: documents, waiting, refused, readings, quarantined."""
    with transaction(settings.database_url) as connection:
        return documents.read_status(connection)
