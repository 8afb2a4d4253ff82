"""The configuration that lets Home Assistant read a plant: the page of YAML that `helio home-assistant` prints."""

import json
from typing import Final

from include.core.errors import Refused
from include.core.home_assistant import PLANT_SENSORS, SensorState
from include.core.settings import Settings
from include.steps.targets import find_plant
from include.warehouse import fleet
from include.warehouse.engine import transaction

LEAST_POLL_S: Final = 30
_HEAD: Final = """\
# {plant}: into configuration.yaml, and its key into secrets.yaml as a line of its own:
#   heliograph_api_key: helio_...
# A key comes from: helio key add <user> home-assistant --scope plants
rest:
  - resource: {resource}
    headers:
      X-API-Key: !secret heliograph_api_key
    scan_interval: {poll_s}
    timeout: 20
    sensor:
"""


def plant_yaml(settings: Settings, *, tenant: str, plant: str, source: str | None, url: str, poll_s: int) -> str:
    """REST sensors of a plant, which is read every `poll_s` [s]; raises `Refused` for an unknown plant or a poll too often."""
    if poll_s < LEAST_POLL_S:
        raise Refused(f"--poll {poll_s} asks more often than readings come; use {LEAST_POLL_S} or more")
    if not url.startswith(("http://", "https://")) or not url.isprintable() or any(sign in url for sign in "?#@ "):
        raise Refused(f"{url[:80]!r} is no address of the API; give one such as https://heliograph.example.org")
    plant_id = _plant_id(settings, tenant, plant, source)
    resource = f"{url.rstrip('/')}/api/v1/plants/{plant_id}/now"
    head = _HEAD.format(plant=_quoted(plant), resource=_quoted(resource), poll_s=poll_s)
    return head + "".join(_sensor(sensor, plant, plant_id) for sensor in PLANT_SENSORS)


def _plant_id(settings: Settings, tenant: str, plant: str, source: str | None) -> int:
    with transaction(settings.database_url) as connection:
        known = fleet.read_plants(connection, fleet.read_tenant(connection, tenant).slug)
        return int(find_plant(known, plant, source)["plant_id"])


def _quoted(text: str) -> str:
    """A text as YAML on one line: a plant's key may hold anything that a file wrote."""
    quoted = json.dumps(text, ensure_ascii=False)
    return "".join(sign if sign.isprintable() else f"\\U{ord(sign):08x}" for sign in quoted)


def _sensor(sensor: SensorState, plant: str, plant_id: int) -> str:
    # Null is unknown to the API; Home Assistant would read it as the text None. Versions of 2024 take the value before they ask
    # `availability`, refuse that text and have no sensor at all: a template that fails is no value to them.
    fails = "{%% if value_json.data.%s is none %%}{%% include 'unknown' %%}{%% endif %%}" % sensor.key  # noqa: UP031 - braces
    value = fails + "{{ value_json.data.%s }}" % sensor.key  # noqa: UP031
    known = "{{ value_json is defined and value_json.data.%s is not none }}" % sensor.key  # noqa: UP031
    members = {
        "name": f"{plant} {sensor.label}",
        "unique_id": f"heliograph_plant_{plant_id}_{sensor.key}",
        "value_template": value,
        "availability": known,
        "unit_of_measurement": sensor.unit,
        "device_class": sensor.device_class,
        "state_class": sensor.state_class,
    }
    lines = [f"{name}: {_quoted(member)}" for name, member in members.items() if member is not None]
    return "      - " + "\n        ".join(lines) + "\n"
