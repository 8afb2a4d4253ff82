"""Which files are a plant's: its own tenant's alone, in a folder whose name is the plant's key, whatever that is."""

from datetime import UTC, datetime

import pytest

from include.core.settings import Settings
from include.steps.weather import weather_files

NOW = datetime(2026, 11, 30, 6, tzinfo=UTC)


@pytest.mark.parametrize(
    ("key", "folder"),
    [
        ("p1", "p1"),
        ("roof = south", "roof = south"),
        ("a/b", "a%2Fb"),
        ("..", "%2E%2E"),
        (".", "%2E"),
        ("../west/p1", "..%2Fwest%2Fp1"),
        ("usina açaí", "usina a%C3%A7a%C3%AD"),
    ],
)
def test_a_plant_has_the_files_of_its_folder_and_none_of_another_tenant(tmp_path, key, folder):
    for place in (f"east/{folder}", "east", "west/p1", f"west/{folder}"):
        (tmp_path / place).mkdir(parents=True, exist_ok=True)
        (tmp_path / place / "told.csv").touch()
        (tmp_path / place / "notes.txt").touch()

    settings = Settings(weather_dir=str(tmp_path))

    assert weather_files(settings, "east", key, NOW) == [tmp_path / "east" / folder / "told.csv"]
    assert weather_files(settings, "south", key, NOW) == []
