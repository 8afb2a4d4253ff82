"""What a telemetry sensor measures: its type and unit, as Home Assistant and its Portuguese client write them -> our quantity."""

from dataclasses import dataclass
from typing import Final

from include.core.quantities import QUANTITIES
from include.sources.formats import units
from include.sources.formats.columns import QUANTITY_CODES, STATE
from include.sources.formats.names import plain
from include.sources.formats.units import AS_IT_IS, Conversion

_QUANTITY_NAMES: Final = list(QUANTITIES)


@dataclass(frozen=True, slots=True)
class Measure:
    """Our quantity of a sensor, and how its numbers become those of the quantity's unit."""

    quantity_code: int
    conversion: Conversion = AS_IT_IS

    @property
    def quantity(self) -> str:
        """Name of the quantity."""
        return _QUANTITY_NAMES[self.quantity_code]


_TYPES: Final[dict[str, tuple[str, ...]]] = {
    "temperature": ("temperature_c",),
    "humidity": ("humidity_pct",),
    "voltage": ("voltage_v",),
    "current": ("current_a",),
    # Clients label a plug's power "energia" too; the unit tells.
    "energy": ("energy_total_kwh", "load_power_kw"),
    "energytoday": ("energy_today_kwh",),
    "power": ("load_power_kw",),
    "reactivepower": ("reactive_power_kvar",),
    "powerfactor": ("power_factor",),
    "frequency": ("frequency_hz",),
    "battery": ("battery_pct",),
    "signalstrength": ("signal_rssi_dbm", "signal_lqi"),
    "linkquality": ("signal_lqi",),
    "irradiance": ("irradiance_poa_w_m2",),
    "windspeed": ("wind_speed_m_s",),
    # A sensor without a type is known by a unit that only one quantity has; % is none of them.
    "": (
        "temperature_c", "energy_total_kwh", "load_power_kw", "reactive_power_kvar", "voltage_v", "current_a", "frequency_hz",
        "signal_rssi_dbm", "irradiance_poa_w_m2",
    ),
}  # fmt: skip
"""Quantities by type; of several the first that has the unit."""

_WATT: Final = Conversion(1, 1000)
_WITHOUT_UNIT: Final = {"power": _WATT, "reactivepower": _WATT}
"""Types whose numbers are not those of our unit where the sensor names none."""

_SINGLE_LETTERS: Final = frozenset({"c", "f", "k"})
"""Units that mean a temperature only beside a type."""

_ALIASES: Final = {
    alias: name
    for name, aliases in {
        "temperature": "temperatura temp temperaturaambiente ambienttemperature",
        "humidity": "umidade humidade umidaderelativa humidaderelativa relativehumidity",
        "voltage": "tensao voltagem tensaoeletrica",
        "current": "corrente correnteeletrica amperagem",
        "energy": (
            "energia consumo energytotal totalenergy energiatotal activeenergy energiaativa energiaconsumida energyconsumption "
            "consumoenergia consumodeenergia totalactiveenergy energiaativatotal"
        ),
        "energytoday": "dailyenergy todayenergy energiahoje energiadodia energiadiaria energydaily",
        "power": (
            "potencia activepower potenciaativa apparentpower potenciaaparente loadpower totalpower potenciatotal "
            "totalactivepower potenciaativatotal powerconsumption"
        ),
        "reactivepower": "potenciareativa",
        "powerfactor": "fatordepotencia fatorpotencia fp cosphi",
        "frequency": "frequencia",
        "battery": "bateria batterylevel niveldabateria nivelbateria batterypercentage",
        "signalstrength": "sinal rssi signal wifisignal wifisignalstrength sinalwifi intensidadedosinal forcadosinal",
        "linkquality": "lqi qualidadedoenlace qualidadedolink",
        "irradiance": "irradiancia solarirradiance irradianciasolar",
        "windspeed": "vento velocidadedovento velocidadevento",
    }.items()
    for alias in aliases.split()
}

_STATE_TYPES: Final = frozenset({
    "status", "state", "estado", "porta", "door", "sirene", "siren", "botao", "button", "switch", "binarysensor", "motion",
    "opening", "window", "janela", "presence", "occupancy", "connectivity", "problem", "plug", "lock", "light", "enum",
    "movimento", "interruptor",
})  # fmt: skip

EXTRAS: Final[tuple[tuple[str, Measure], ...]] = (
    ("sensor_bateria_pct", Measure(QUANTITY_CODES["battery_pct"])),
    ("sensor_sinal_lqi", Measure(QUANTITY_CODES["signal_lqi"])),
    ("sensor_sinal_rssi", Measure(QUANTITY_CODES["signal_rssi_dbm"])),
    ("sensor_voltagem", Measure(QUANTITY_CODES["voltage_v"])),
    ("sensor_corrente", Measure(QUANTITY_CODES["current_a"])),
    ("sensor_potencia", Measure(QUANTITY_CODES["load_power_kw"], _WATT)),
)
"""Fields that accompany a sensor's reading, each a quantity of the same sensor; potencia is in W."""


def measure_of(kind: object, unit: object) -> Measure | None:
    """Find what a sensor of this type and unit measures; None where the pair is not known. A type of states gives `state`."""
    name = _type(kind)
    if name in _STATE_TYPES:
        return Measure(STATE)
    quantities = _TYPES.get(name, ())
    written = unit.strip() if isinstance(unit, str) else ""
    if not written:
        return Measure(QUANTITY_CODES[quantities[0]], _WITHOUT_UNIT.get(name, AS_IT_IS)) if name and quantities else None
    if not name and written.lower() in _SINGLE_LETTERS:
        return None
    for quantity in quantities:
        if (conversion := units.conversion(quantity, _as_active(written, quantity))) is not None:
            return Measure(QUANTITY_CODES[quantity], conversion)
    return None


def unknown_measure(kind: object, unit: object) -> str:
    """What a person needs to know of a sensor whose type or unit is not known, as a clause."""
    if _type(kind) in _TYPES and isinstance(unit, str) and unit.strip():
        return f"{units.question(unit[:40])} of type {_shown(kind)}"
    return f"type {_shown(kind)} with unit {_shown(unit)}"


def _type(kind: object) -> str:
    name = plain(kind).replace("_", "") if isinstance(kind, str) else ""
    return _ALIASES.get(name, name)


def _as_active(unit: str, quantity: str) -> str:
    """Apparent power counts as the power that a load draws: kVA as kW."""
    return f"{unit[:-2]}W" if quantity == "load_power_kw" and unit.lower().endswith("va") else unit


def _shown(value: object) -> str:
    return repr(value[:40]) if isinstance(value, str) else "none" if value is None else repr(value)[:40]
