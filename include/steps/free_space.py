"""Is there room for what is to be taken in?"""

from pathlib import Path

from include.core.errors import TryLater
from include.core.settings import Settings
from include.landing.free_space import FullDisk, full_disks


def places_short(settings: Settings) -> list[FullDisk]:
    """Of the folders in which Heliograph keeps files, those whose disk has less free than `HELIOGRAPH_MIN_FREE_MB`."""
    places: list[str | Path] = [settings.home, settings.landing, settings.report_store]
    return full_disks(places, needed_mb=settings.min_free_mb)


def require_free_space(settings: Settings) -> None:
    """Raise `TryLater` where a disk is nearly full: nothing is taken in until there is room, and then it goes on by itself."""
    if short := places_short(settings):
        raise TryLater(
            f"{'; '.join(map(str, short))} (HELIOGRAPH_MIN_FREE_MB); make room there, taking in goes on by itself", after_s=300
        )
