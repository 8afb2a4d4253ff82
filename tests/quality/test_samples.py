import json
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from include.core.documents import READING_FEEDS
from include.core.errors import BadDocument
from include.core.settings import Settings
from include.quality.checks import check
from include.sources.feeds import FEEDS, ParseContext, parse_registry
from include.sources.formats.unpack import Limits, unpack

pytestmark = pytest.mark.gx

SAMPLES = Path(__file__).resolve().parents[2] / "samples"
EXPECTED = json.loads((SAMPLES / "expected.json").read_text(encoding="utf-8"))["files"]
DEMO = json.loads((SAMPLES / "demo.json").read_text(encoding="utf-8"))
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def files_with(outcome):
    return sorted(name for name, expected in EXPECTED.items() if expected["outcome"] == outcome)


def opened(name):
    context = ParseContext(timezone=ZoneInfo(DEMO["tenant"]["timezone"]), original_name=name)
    with (SAMPLES / "drops" / name).open("rb") as stored:
        return unpack(stored, limits=Limits.from_settings(Settings())), context


def registered():
    registries = [parse_registry(*opened(f"registry/{table}.csv")) for table in ("devices", "customers")]
    return {row.device_key for one in registries for row in one.devices} | {
        row.document for one in registries for row in one.customers
    }


def ratings():
    plants = parse_registry(*opened("registry/plants.csv")).plants
    of_plant = {row.plant_key: max((kw for kw in (row.capacity_kwp, row.capacity_kw) if kw), default=np.nan) for row in plants}
    devices = parse_registry(*opened("registry/devices.csv")).devices
    return {row.device_key: row.capacity_kw or of_plant.get(row.plant_key, np.nan) for row in devices}


def test_every_sample_is_expected_and_every_expected_file_is_there():
    there = {str(path.relative_to(SAMPLES / "drops")) for path in (SAMPLES / "drops").rglob("*") if path.is_file()}

    assert there == set(EXPECTED)


@pytest.mark.parametrize("name", files_with("loaded"))
def test_a_sample_holds_the_readings_and_breaks_the_rules_that_are_expected(name):
    feed = name.split("/")[0]
    known, rated = registered(), ratings()
    rows, missing, records, broken = 0, 0, 0, Counter()

    for piece in FEEDS[feed].parse(*opened(name)):
        frame = piece.frame.assign(is_known=piece.frame["subject"].isin(known).to_numpy(dtype=bool))
        frame["has_battery"] = False
        frame["rated_kw"] = frame["subject"].astype(object).map(rated).to_numpy(dtype=float)
        broken.update(check(frame, received_at=NOW, feed=feed).counts)
        rows, missing = rows + len(frame), missing + piece.missing_count
        records = max(records, int(frame["row_number"].max()))

    expected = EXPECTED[name]
    assert feed in READING_FEEDS
    assert (rows, missing, records) == (expected["readings"], expected["missing"], expected["records"])
    assert dict(broken) == expected["quarantined"]


@pytest.mark.parametrize("name", files_with("refused"))
def test_a_sample_that_breaks_off_is_refused_as_a_whole(name):
    body, context = opened(name)

    with pytest.raises(BadDocument):
        list(FEEDS[name.split("/")[0]].parse(body, context))


@pytest.mark.parametrize("name", files_with("known"))
def test_a_copied_sample_has_the_bytes_of_its_original(name):
    original = EXPECTED[name]["same_as"]

    assert (SAMPLES / "drops" / name).read_bytes() == (SAMPLES / "drops" / original).read_bytes()


@pytest.mark.parametrize("name", files_with("registered"))
def test_a_sample_of_the_registry_has_no_rejected_row(name):
    registry = parse_registry(*opened(name))

    assert registry.rejected == []
    assert registry.row_count() == EXPECTED[name]["rows"]


def test_the_samples_stay_small():
    size = sum(path.stat().st_size for path in SAMPLES.rglob("*") if path.is_file())

    assert size < 2_500_000
