"""What the fields of Toy Cloud mean."""

from typing import Final

from include.sources.clouds.fields import Field, from_thousandths

PLANTS: Final = "plants"
DEVICES: Final = "devices"
POWER: Final = "power"
ENERGY: Final = "energy"
EVENTS: Final = "events"

_GUIDE: Final = "Toy Cloud API guide"
POWER_FIELDS: Final = (Field("ac_power_kw", ("p",), "Power", "W", f"{_GUIDE}, Power", from_thousandths),)
ENERGY_FIELDS: Final = (Field("energy_day_kwh", ("e",), "Energy of the day", "kWh", f"{_GUIDE}, Energy"),)
