"""The bill of materials of `make sbom`, and the notice of what is shipped."""

import json
import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_the_bill_of_materials_has_what_the_lock_has_with_its_hashes(tmp_path):
    bill = tmp_path / "bill.json"
    subprocess.run(["make", "sbom", f"SBOM={bill}"], cwd=ROOT, check=True, capture_output=True, timeout=120)

    lock = (ROOT / "requirements.txt").read_text()
    locked = {}
    for line in lock.splitlines():
        if found := re.match(r"([\w.-]+)(?:\[.+\])?==([^\s;]+)", line):
            hashes = locked.setdefault((found[1].lower(), found[2]), set())
        elif found := re.search(r"--hash=sha256:(\w+)", line):
            hashes.add(found[1])
    content = json.loads(bill.read_text())
    billed = {
        (component["name"].lower(), component["version"]): {each["content"] for each in component["hashes"]}
        for component in content["components"]
    }
    assert len(locked) > 200
    assert billed == locked
    assert (content["bomFormat"], content["metadata"]["component"]["name"]) == ("CycloneDX", "heliograph")
    assert all(component["purl"].startswith("pkg:pypi/") for component in content["components"])


def test_the_environment_has_nothing_that_slows_the_import_of_json_schemas():
    # Great Expectations imports it in every worker; with this optional package it builds grammars for seconds.
    assert "rfc3987-syntax" not in (ROOT / "requirements.txt").read_text()


def test_the_notice_names_every_licence_text_that_is_shipped():
    texts = {
        str(path.relative_to(ROOT))
        for folder in ("include", "api", "samples")
        for path in (ROOT / folder).rglob("*.txt")
        if path.name == "OFL.txt" or path.parent.name == "licences"
    }

    assert len(texts) >= 5
    assert {text for text in texts if text not in (ROOT / "NOTICE").read_text()} == set()
