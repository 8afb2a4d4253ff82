"""What `docker-compose.yaml` says once its variables are filled in, as `docker compose config` would tell it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / "docker-compose.yaml"
EXAMPLE = ROOT / ".env.example"
_VARIABLE = re.compile(r"\$(?:\$|\{(?P<name>\w+)(?:(?P<kind>:-|:\?)(?P<rest>[^}]*))?\})")


@dataclass(frozen=True)
class ComposeFile:
    """The file with the variables of an `.env`."""

    variables: Mapping[str, str]

    @cached_property
    def content(self) -> dict[str, Any]:
        return filled_in(yaml.safe_load(FILE.read_text(encoding="utf-8")), self.variables)

    @property
    def services(self) -> dict[str, Any]:
        return self.content["services"]

    def lasting(self) -> list[str]:
        """Services without a profile that keep running."""
        return [name for name, service in self.services.items() if not service.get("profiles") and name != "init"]

    def environment(self, service: str) -> dict[str, str]:
        """Environment of a container: the image's, then the service's; a name without a value is passed on if `.env` has it."""
        passed = ((name, self.variables.get(name) if value is None else value) for name, value in self._given(service).items())
        image = self.image_environment() if "build" in self.services[service] else {}
        return image | {name: str(value) for name, value in passed if value is not None}

    def image_environment(self) -> dict[str, str]:
        recipe = self.content["x-image"]["build"]["dockerfile_inline"]
        pairs = (pair for line in re.findall(r"^ENV (.+)$", recipe, re.MULTILINE) for pair in line.split())
        return dict(pair.split("=", 1) for pair in pairs)

    def _given(self, service: str) -> dict[str, str | None]:
        return self.services[service].get("environment") or {}


def filled_in(value: Any, variables: Mapping[str, str]) -> Any:
    """A tree of YAML with `${...}` replaced in its texts; a required variable that is missing ends it, as with compose."""
    if isinstance(value, dict):
        return {name: filled_in(inner, variables) for name, inner in value.items()}
    if isinstance(value, list):
        return [filled_in(inner, variables) for inner in value]
    return _VARIABLE.sub(lambda found: _value_of(found, variables), value) if isinstance(value, str) else value


def _value_of(found: re.Match[str], variables: Mapping[str, str]) -> str:
    if found[0] == "$$":
        return "$"
    given = variables.get(found["name"], "")
    if given or found["kind"] is None:
        return given
    if found["kind"] == ":?":
        raise LookupError(f"required variable {found['name']} is missing a value: {found['rest']}")
    return found["rest"]


def example_variables() -> dict[str, bool]:
    """Variables of `.env.example`, each with whether it must be filled in."""
    lines = re.findall(r"^(# )?([A-Z][A-Z_0-9]+)=", EXAMPLE.read_text(encoding="utf-8"), re.MULTILINE)
    return {name: not comment for comment, name in lines}
