"""Public clients, made by people who have the vendors' accounts, read the sandbox as they read the vendors.

Each client has an environment of its own in the user's cache, made once; `make conformance` runs this, `make test` does not.
"""

import json
import os
import subprocess
import sys
import venv
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import LiveClouds, live_clouds

HERE = Path(__file__).resolve().parent
ENVIRONMENTS = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "heliograph" / "conformance"
NOW = datetime(2026, 6, 16, 12, tzinfo=UTC)
DAY = date(2026, 6, 14)
PINS = [line for line in (HERE / "clients.txt").read_text().splitlines() if line and not line.startswith("#")]
LONGEST_S = 300


def environment(pin: str) -> Path:
    """The interpreter of a client's environment; makes the environment where there is none of this version."""
    home = ENVIRONMENTS / pin.split()[0].replace("==", "-")
    python, stamp = home / "bin" / "python", home / "installed"
    if not (stamp.exists() and stamp.read_text() == pin):
        venv.create(home, clear=True, with_pip=False)
        pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet", "--only-binary", ":all:", *pin.split()]
        done = subprocess.run(pip, capture_output=True, text=True, timeout=LONGEST_S, check=False)
        assert done.returncode == 0, f"{pin} cannot be installed; is there a package index?\n{done.stderr}"
        stamp.write_text(pin)
    return python


@pytest.fixture(scope="module")
def clouds() -> Any:
    with live_clouds(NOW, limits_on=False) as live:
        yield live


@pytest.fixture(scope="module")
def read(clouds: LiveClouds) -> Callable[[str], dict[str, Any]]:
    """What a client reads, by its package's name."""

    def read(package: str) -> dict[str, Any]:
        pin = next(pin for pin in PINS if pin.startswith(f"{package}=="))
        told = subprocess.run(
            [str(environment(pin)), str(probe_of(package)), clouds.url, f"{DAY}"],
            capture_output=True, text=True, timeout=LONGEST_S, check=False,
        )  # fmt: skip
        assert told.returncode == 0, f"{pin} does not understand the sandbox\n{told.stdout}\n{told.stderr}"
        return json.loads(told.stdout.splitlines()[-1])

    return read


def probe_of(package: str) -> Path:
    return HERE / "probes" / f"{package.replace('-', '_')}_probe.py"


def plants(clouds: LiveClouds, vendor: str) -> list[str]:
    return sorted(plant.key for plant in clouds.world.sunshine.plants(vendor))


def inverters(clouds: LiveClouds, vendor: str) -> list[str]:
    return sorted(inverter.key for plant in clouds.world.sunshine.plants(vendor) for inverter in plant.inverters)


def truth(clouds: LiveClouds, vendor: str) -> dict[str, float]:
    """What each plant generated on the day [kWh]."""
    sunshine = clouds.world.sunshine
    known = sunshine.plants(vendor)
    return {plant.key: sum(sunshine.day(inverter, DAY).energy_kwh for inverter in plant.inverters) for plant in known}


def alarms(clouds: LiveClouds, vendor: str, days: list[date]) -> int:
    sunshine = clouds.world.sunshine
    found = [sunshine.alarms(one, day) for plant in sunshine.plants(vendor) for one in plant.inverters for day in days]
    return sum(map(len, found))


def texts(found: list[Any]) -> list[str]:
    return sorted(map(str, found))


def near(found: dict[str, float], truth: dict[str, float]) -> bool:
    return {str(key): value for key, value in found.items()} == pytest.approx(truth, rel=0.005)


def of_the_day(clouds: LiveClouds, vendor: str, rows: list[Any]) -> dict[str, float]:
    """Energies of plants summed over the instants that lie in the plant's own day."""
    sums: dict[str, float] = {}
    for key, at, energy in rows:
        plant = clouds.world.sunshine.find_plant(key)
        if plant is not None and datetime.fromisoformat(at).astimezone(plant.zone()).date() == DAY:
            sums[key] = sums.get(key, 0.0) + float(energy)
    return sums


def test_every_client_has_a_test_and_every_vendor_a_client() -> None:
    packages = {pin.partition("==")[0] for pin in PINS}
    source = Path(__file__).read_text()

    assert [package for package in sorted(packages) if f'read("{package}")' not in source] == []
    assert len(packages) >= 5
    assert {path.name for path in (HERE / "probes").glob("*_probe.py")} == {probe_of(package).name for package in packages}


def test_pyhfs_reads_huaweis_plants_days_and_hours(clouds: LiveClouds, read: Callable[[str], dict[str, Any]]) -> None:
    told = read("pyhfs")

    assert texts(told["plants"]) == texts(told["seen_now"]) == plants(clouds, "huawei")
    assert near(of_the_day(clouds, "huawei", told["energies"]), truth(clouds, "huawei"))
    assert set(told["alarms"]) <= set(plants(clouds, "huawei"))
    # The client asks for the hours of one instant: of plants elsewhere it reads another day's.
    assert {key for key, *_ in told["hours"]} == set(plants(clouds, "huawei"))


def test_pysolarcloud_reads_sungrows_plants_and_days(clouds: LiveClouds, read: Callable[[str], dict[str, Any]]) -> None:
    told = read("pysolarcloud")

    assert texts(told["plants"]) == texts(told["seen_now"]) == plants(clouds, "sungrow")
    assert told["units"] == ["Wh"]
    assert near(told["energies"], truth(clouds, "sungrow"))


def test_deyecloud_reads_deyes_stations_inverters_frames_and_days(
    clouds: LiveClouds, read: Callable[[str], dict[str, Any]]
) -> None:
    told = read("deyecloud")

    assert texts(told["plants"]) == plants(clouds, "deye")
    assert texts(told["inverters"]) == texts(told["seen_now"]) == inverters(clouds, "deye")
    assert near(told["energies"], truth(clouds, "deye"))
    assert told["frames"] == 288


def test_aiosolaredge_one_reads_solaredges_sites_inverters_quarters_and_days(
    clouds: LiveClouds, read: Callable[[str], dict[str, Any]]
) -> None:
    told = read("aiosolaredge-one")

    assert texts(told["plants"]) == plants(clouds, "solaredge")
    assert texts(told["inverters"]) == inverters(clouds, "solaredge")
    for energies in (told["energies"], told["sums_of_quarters"], told["integrals"]):
        assert near(energies, truth(clouds, "solaredge"))
    assert told["alarms"] == told["alarms_of_all"]


def test_growattserver_reads_growatts_plants_inverters_power_and_days(
    clouds: LiveClouds, read: Callable[[str], dict[str, Any]]
) -> None:
    told = read("growattserver")

    assert texts(told["plants"]) == texts(told["seen_now"]) == plants(clouds, "growatt")
    assert texts(told["inverters"]) == inverters(clouds, "growatt")
    assert near(told["energies"], truth(clouds, "growatt"))
    assert near(told["integrals"], truth(clouds, "growatt"))


def test_growatt_public_api_reads_growatts_inverters_by_both_versions(
    clouds: LiveClouds, read: Callable[[str], dict[str, Any]]
) -> None:
    told = read("growatt-public-api")

    sunshine = clouds.world.sunshine
    assert texts(told["plants"]) == plants(clouds, "growatt")
    assert texts(told["inverters"]) == texts(told["seen_now"]) == inverters(clouds, "growatt")
    assert told["listed"] == told["types"]
    assert near(told["energies"], truth(clouds, "growatt"))
    each = {key: sunshine.day(inverter, DAY).energy_kwh for key in told["counters"] if (inverter := sunshine.find_inverter(key))}
    assert near(told["counters"], each)
    assert told["alarms"] == alarms(clouds, "growatt", [date.fromordinal(DAY.toordinal() - back) for back in range(20)])
