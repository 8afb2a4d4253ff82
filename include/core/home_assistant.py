"""What Home Assistant is told of a state: its unit, device class and state class.

Classes and the units that they allow: Home Assistant's developer documentation of sensor entities.
"""

from dataclasses import dataclass
from typing import Final

from include.core.quantities import QUANTITIES, Quantity


@dataclass(frozen=True, slots=True)
class SensorState:
    """One state: its name in the API's answer and for people, its unit, and the classes; None where Home Assistant has none."""

    key: str
    label: str
    unit: str | None
    device_class: str | None
    state_class: str | None

    def told(self) -> dict[str, str | None]:
        """Unit and classes as the API tells them."""
        return {"unit": self.unit, "device_class": self.device_class, "state_class": self.state_class}


PLANT_SENSORS: Final = (
    SensorState("power_kw", "Power", "kW", "power", "measurement"),
    # It falls to zero every midnight and when late data correct it: statistics are made of the total alone.
    SensorState("energy_today_kwh", "Energy today", "kWh", "energy", None),
    # Late data may correct earlier days, also downwards: for `total_increasing` that would look like a new meter.
    SensorState("energy_total_kwh", "Energy", "kWh", "energy", "total"),
    SensorState("measured_at", "Last reading", None, "timestamp", None),
)
_CLASS_OF_UNIT: Final = {
    "kW": "power",
    "kWh": "energy",
    "W/m²": "irradiance",
    "°C": "temperature",
    "V": "voltage",
    "A": "current",
    "Hz": "frequency",
    "m/s": "wind_speed",
    "dBm": "signal_strength",
}
_UNIT_THERE: Final = {"1": None}
"""Units that Home Assistant writes otherwise."""


def sensor_of(quantity: Quantity) -> SensorState:
    """The state of a measured quantity. A counter may start again, an amount belongs to its interval and has no statistics."""
    device_class = "humidity" if quantity.name.startswith("humidity") else _CLASS_OF_UNIT.get(quantity.unit)
    state_class = {"counter": "total_increasing", "power": "measurement", "gauge": "measurement"}.get(quantity.kind)
    return SensorState(quantity.name, quantity.label_en, _UNIT_THERE.get(quantity.unit, quantity.unit), device_class, state_class)


DEVICE_SENSORS: Final = {name: sensor_of(quantity) for name, quantity in QUANTITIES.items() if quantity.kind != "state"}
"""By quantity."""
