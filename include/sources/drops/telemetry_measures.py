"""What a telemetry sensor measures: its type and unit, as Home Assistant and its Portuguese client write them -> our quantity."""

from dataclasses import dataclass
from typing import Final

from include.sources.formats.columns import QUANTITY_CODES, STATE
from include.sources.formats.names import plain


@dataclass(frozen=True, slots=True)
class Measure:
    """Our quantity of a sensor; its value in the quantity's unit is `reading * factor + offset`."""

    quantity_code: int
    factor: float = 1.0
    offset: float = 0.0


_Units = dict[str, tuple[float, float]]

_TEMPERATURE: Final[_Units] = {
    "": (1, 0),
    "°c": (1, 0),
    "c": (1, 0),
    "°f": (5 / 9, -160 / 9),
    "f": (5 / 9, -160 / 9),
    "k": (1, -273.15),
}
_PERCENT: Final[_Units] = {"": (1, 0), "%": (1, 0), "%rh": (1, 0), "%ur": (1, 0)}
_VOLTAGE: Final[_Units] = {"": (1, 0), "v": (1, 0), "mv": (1e-3, 0), "kv": (1e3, 0)}
_CURRENT: Final[_Units] = {"": (1, 0), "a": (1, 0), "ma": (1e-3, 0), "ka": (1e3, 0)}
_POWER: Final[_Units] = {"": (1e-3, 0), "w": (1e-3, 0), "kw": (1, 0), "mw": (1e3, 0), "va": (1e-3, 0), "kva": (1, 0)}
_POWER_BY_UNIT: Final[_Units] = {"w": (1e-3, 0), "kw": (1, 0)}
_ENERGY: Final[_Units] = {"": (1, 0), "wh": (1e-3, 0), "kwh": (1, 0), "mwh": (1e3, 0)}
_FREQUENCY: Final[_Units] = {"": (1, 0), "hz": (1, 0), "khz": (1e3, 0)}
_SIGNAL: Final[_Units] = {"": (1, 0), "dbm": (1, 0), "db": (1, 0)}
_LINK: Final[_Units] = {"": (1, 0), "lqi": (1, 0)}
_IRRADIANCE: Final[_Units] = {"": (1, 0), "w/m²": (1, 0), "w/m2": (1, 0)}
_WIND: Final[_Units] = {"": (1, 0), "m/s": (1, 0), "km/h": (1 / 3.6, 0)}

_TYPES: Final[dict[str, tuple[tuple[str, _Units], ...]]] = {
    "temperature": (("temperature_c", _TEMPERATURE),),
    "humidity": (("humidity_pct", _PERCENT),),
    "voltage": (("voltage_v", _VOLTAGE),),
    "current": (("current_a", _CURRENT),),
    # Clients label a plug's power "energia" too; the unit tells.
    "energy": (("energy_total_kwh", _ENERGY), ("load_power_kw", _POWER_BY_UNIT)),
    "power": (("load_power_kw", _POWER),),
    "frequency": (("frequency_hz", _FREQUENCY),),
    "battery": (("battery_pct", _PERCENT),),
    "signal_strength": (("signal_rssi_dbm", _SIGNAL), ("signal_lqi", {"lqi": (1, 0)})),
    "link_quality": (("signal_lqi", _LINK),),
    "irradiance": (("irradiance_poa_w_m2", _IRRADIANCE),),
    "wind_speed": (("wind_speed_m_s", _WIND),),
    # A sensor without a type is known by a unit that only one quantity has; % and "" are not among them.
    "": (
        ("temperature_c", {"°c": (1, 0), "°f": (5 / 9, -160 / 9)}),
        ("energy_total_kwh", {"wh": (1e-3, 0), "kwh": (1, 0), "mwh": (1e3, 0)}),
        ("load_power_kw", _POWER_BY_UNIT),
        ("voltage_v", {"v": (1, 0), "mv": (1e-3, 0)}),
        ("current_a", {"a": (1, 0), "ma": (1e-3, 0)}),
        ("frequency_hz", {"hz": (1, 0)}),
        ("signal_rssi_dbm", {"dbm": (1, 0)}),
    ),
}

_ALIASES: Final = {
    "temperatura": "temperature", "umidade": "humidity", "tensao": "voltage", "voltagem": "voltage", "corrente": "current",
    "energia": "energy", "consumo": "energy", "potencia": "power", "frequencia": "frequency", "bateria": "battery",
    "sinal": "signal_strength", "rssi": "signal_strength", "lqi": "link_quality", "linkquality": "link_quality",
    "apparent_power": "power", "irradiancia": "irradiance", "vento": "wind_speed",
}  # fmt: skip

_STATE_TYPES: Final = frozenset({
    "status", "state", "estado", "porta", "door", "sirene", "siren", "botao", "button", "switch", "binary_sensor", "motion",
    "opening", "window", "janela", "presence", "occupancy", "connectivity", "problem", "plug", "lock", "light", "enum",
    "movimento", "interruptor",
})  # fmt: skip

EXTRAS: Final[tuple[tuple[str, Measure], ...]] = (
    ("sensor_bateria_pct", Measure(QUANTITY_CODES["battery_pct"])),
    ("sensor_sinal_lqi", Measure(QUANTITY_CODES["signal_lqi"])),
    ("sensor_sinal_rssi", Measure(QUANTITY_CODES["signal_rssi_dbm"])),
    ("sensor_voltagem", Measure(QUANTITY_CODES["voltage_v"])),
    ("sensor_corrente", Measure(QUANTITY_CODES["current_a"])),
    ("sensor_potencia", Measure(QUANTITY_CODES["load_power_kw"], factor=1e-3)),
)
"""Fields that accompany a sensor's reading, each a quantity of the same sensor; potencia is in W."""


def measure_of(kind: object, unit: object) -> Measure | None:
    """Find what a sensor of this type and unit measures; None where the pair is not known. A type of states gives `state`."""
    name = plain(kind) if isinstance(kind, str) else ""
    if name in _STATE_TYPES:
        return Measure(STATE)
    # U+00BA, the ordinal sign, is what Portuguese keyboards give for degrees.
    written = unit.strip().lower().replace("º", "°").replace(" ", "") if isinstance(unit, str) else ""
    for quantity, units in _TYPES.get(_ALIASES.get(name, name), ()):
        if written in units:
            factor, offset = units[written]
            return Measure(QUANTITY_CODES[quantity], factor, offset)
    return None
