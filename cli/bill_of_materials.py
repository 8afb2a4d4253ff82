"""The lock as a bill of materials: `python -m cli.bill_of_materials requirements.txt > heliograph.cdx.json` (CycloneDX 1.6).

Name, version, package URL and the hashes of every distribution, from the lock alone: the same lock gives the same bytes but for
the time and serial number.
"""

import re
import sys
import tomllib
from pathlib import Path
from typing import Final

from cyclonedx.model import HashAlgorithm, HashType
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL

_PROJECT: Final = Path(__file__).resolve().parents[1] / "pyproject.toml"
_PINNED: Final = re.compile(
    r"^([\w.-]+)(?:\[[^\]]+\])?==([^\s;]+)[^\n]*\n((?:    --hash=sha256:[0-9a-f]{64}[^\n]*\n)+)", re.MULTILINE
)
_HASH: Final = re.compile(r"sha256:([0-9a-f]{64})")


def bill_of(lock: str) -> Bom:
    """The bill of a lock as `make lock` writes it; raises `ValueError` for one without a pinned package."""
    project = tomllib.loads(_PROJECT.read_text(encoding="utf-8"))["project"]
    packages = [_component(*found) for found in _PINNED.findall(lock)]
    if not packages:
        raise ValueError("the lock pins no package with its hashes; make it with `make lock`")
    bill = Bom(components=packages)
    bill.metadata.component = Component(name=project["name"], version=project["version"], type=ComponentType.APPLICATION)
    return bill


def _component(name: str, version: str, hashes: str) -> Component:
    return Component(
        name=name,
        version=version,
        type=ComponentType.LIBRARY,
        purl=PackageURL("pypi", name=name, version=version),
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=found) for found in _HASH.findall(hashes)],
    )


if __name__ == "__main__":
    print(JsonV1Dot6(bill_of(Path(sys.argv[1]).read_text(encoding="utf-8"))).output_as_string(indent=2))
