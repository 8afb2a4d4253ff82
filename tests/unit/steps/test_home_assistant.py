"""The YAML that Home Assistant reads: every text that a plant's key may be, and no secret."""

import pytest
import yaml

from include.core.errors import Refused
from include.core.home_assistant import DEVICE_SENSORS, PLANT_SENSORS
from include.core.settings import Settings
from include.steps import home_assistant

URL = "https://heliograph.example.org"


class SecretLoader(yaml.SafeLoader):
    """As Home Assistant reads it: `!secret` names a line of another file."""


SecretLoader.add_constructor("!secret", lambda loader, node: ("secret", loader.construct_scalar(node)))


@pytest.fixture
def printed(monkeypatch):
    def printed(plant="serf-east", url=URL, poll_s=60, plant_id=7):
        monkeypatch.setattr(home_assistant, "_plant_id", lambda *_: plant_id)
        return home_assistant.plant_yaml(Settings(), tenant="sol", plant=plant, source=None, url=url, poll_s=poll_s)

    return printed


def test_it_is_one_rest_resource_with_a_sensor_for_each_state(printed):
    (resource,) = yaml.load(printed(), SecretLoader)["rest"]

    assert resource["resource"] == f"{URL}/api/v1/plants/7/now"
    assert resource["headers"] == {"X-API-Key": ("secret", "heliograph_api_key")}
    assert [sensor["unique_id"] for sensor in resource["sensor"]] == [f"heliograph_plant_7_{s.key}" for s in PLANT_SENSORS]
    power, today, total, _ = resource["sensor"]
    assert (power["unit_of_measurement"], power["device_class"], power["state_class"]) == ("kW", "power", "measurement")
    assert total["state_class"] == "total"
    assert "state_class" not in today


@pytest.mark.parametrize("plant", [
    'a: b', '"quoted"', "it's", "#1", "Usina São José", "line\nsensor: []\n", "!secret api_password", "{{ states('x') }}",
    "- x", "null", "\u2028", "\x00", "\x7f", "\x85", "\ufeff", "\u202egnp", "%YAML", "x" * 300, "🌞", "'; DROP", "\\", "\ttab",
])  # fmt: skip
def test_no_key_of_a_plant_breaks_out_of_its_place(printed, plant):
    document = yaml.load(printed(plant), SecretLoader)

    assert list(document) == ["rest"]
    assert [sensor["name"] for sensor in document["rest"][0]["sensor"]] == [f"{plant} {sensor.label}" for sensor in PLANT_SENSORS]


def test_no_secret_is_printed(printed):
    assert "helio_..." in printed()
    assert "helio_" not in printed().replace("helio_...", "")


@pytest.mark.parametrize(
    "url", ["", "heliograph.example.org", "ftp://x", "https://user:pw@x", "https://x/?key=1", "https://x\nrest:"]
)
def test_what_is_no_address_is_refused(printed, url):
    with pytest.raises(Refused, match="address"):
        printed(url=url)


def test_a_poll_of_every_second_is_refused(printed):
    with pytest.raises(Refused, match="30 or more"):
        printed(poll_s=1)


UNITS_OF_CLASS = {
    "power": {"W", "kW"}, "energy": {"Wh", "kWh", "MWh"}, "irradiance": {"W/m²"}, "temperature": {"°C"}, "voltage": {"V", "mV"},
    "current": {"A", "mA"}, "frequency": {"Hz", "kHz"}, "wind_speed": {"m/s"}, "signal_strength": {"dB", "dBm"},
    "humidity": {"%"}, "timestamp": {None},
}  # fmt: skip
"""Units that Home Assistant's documentation of sensor entities allows for a device class, as far as they occur here."""
STATE_CLASSES_OF_ENERGY = {"total", "total_increasing", None}


@pytest.mark.parametrize("sensor", [*PLANT_SENSORS, *DEVICE_SENSORS.values()], ids=lambda sensor: sensor.key)
def test_every_class_has_a_unit_and_state_class_that_home_assistant_allows(sensor):
    if sensor.device_class is not None:
        assert sensor.unit in UNITS_OF_CLASS[sensor.device_class]
    if sensor.device_class == "energy":
        assert sensor.state_class in STATE_CLASSES_OF_ENERGY
