"""Write suite_snapshot.json anew after a meant change of a rule or limit; run from the root of the repository."""

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from include.core.quantities import QUANTITIES
from include.quality.rules import CHECKED_FEEDS
from include.quality.suites import build_suite

suites = {}
for feed in CHECKED_FEEDS:
    config = build_suite(feed, tuple(QUANTITIES)).to_json_dict()
    expectations = [{key: one[key] for key in ("type", "kwargs", "meta")} for one in config["expectations"]]
    suites[feed] = {"name": config["name"], "expectations": expectations}
Path(__file__).with_name("suite_snapshot.json").write_text(json.dumps(suites, indent=1, sort_keys=True) + "\n", encoding="utf-8")
