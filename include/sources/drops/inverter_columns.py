"""What a column of an inverter table measures and whose it is, told by the words and the unit of its header.

`WR1: Pac [kW]`, `Inverter 1 | Energy | Fronius Symo`, `inv2_ac_power_w__1047`, `Total AC Output Power (Active)(W)`: words that
are known (English, Portuguese, German, Spanish) make the quantity; what is left of the header names the device. A column that
holds one string, phase or tracker, the grid, a load, a battery or the whole plant is no column of an inverter and is left out, as
is power or energy whose unit is not told: W and kW are never guessed.

Words are those of public exports: SBFspot (CSVexport.cpp, the layout of SMA's Sunny Explorer and WebBox; the units of `PacTot`,
`PdcTot`, `EToday`, `ETotal`), Growatt ShineServer, GoodWe SEMS, Sungrow iSolarCloud, Huawei FusionSolar, Solarman, PVDAQ (whose
columns end in the number of their sensor). The words of Fronius Solar.web are known from descriptions alone.
"""

import re
from collections.abc import Sequence
from typing import Final, NamedTuple

from include.core.quantities import QUANTITIES
from include.sources.formats import units
from include.sources.formats.names import plain
from include.sources.formats.units import Conversion


class Device(NamedTuple):
    """What a table says of a device."""

    key: str
    name: str | None = None
    model: str | None = None
    plant_key: str | None = None
    plant_name: str | None = None


class MeasuredColumn(NamedTuple):
    """Quantity of a column, how its numbers become ours, and its device where the header names one.

    `rank`: of several columns of a quantity the one with the lowest is meant. An energy without `day` or `total` is that of the
    interval that a row stands for: its quantity is empty, and `conversion` gives kWh.
    """

    quantity: str
    conversion: Conversion
    device: Device | None = None
    rank: int = 0


class UnreadableColumn(NamedTuple):
    """Why a column that measures something is not read, as a clause for the person who sent it."""

    why: str


INTERVAL_ENERGY: Final = ""


def _words(text: str) -> list[str]:
    return text.split()


_WORDS: Final[dict[str, str]] = {
    word: roles
    for roles, words in {
        "power": "power potencia leistung wirkleistung potenza",
        "power ac": "pac pactot totw",
        "power dc": "pdc pdctot ppv",
        "energy": "energy energia energie yield generation geracao generacion production producao produccion produced generated "
        "gerada generada ertrag produktion erzeugung eac delivered rendimento rendimiento",
        "energy day": "etoday eday eactoday tagesertrag tagesenergie dykwh",
        "energy total": "etotal eactotal gesamtertrag gesamtenergie totwhout",
        "day": "today day daily hoje dia diaria diario hoy tages taglich tag",
        "total": "total lifetime cumulative accumulated acumulada acumulado totais gesamt kumuliert",
        "voltage": "voltage tensao tension spannung volts",
        "voltage ac": "uac vac netzspannung",
        "current": "current corrente corriente strom amps",
        "current ac": "iac",
        "frequency": "frequency frequencia frecuencia frequenz netzfrequenz fac",
        "temperature": "temperature temperatura temperatur temp tmpnom",
        "temperature inverter": "invtemp innentemperatur invertertemp",
        "temperature module": "modultemperatur",
        "temperature air": "umgebungstemperatur aussentemperatur",
        "inverter": "inverter inversor wechselrichter internal interna inner inveter",
        "module": "module modul modulo panel",
        "air": "ambient ambiente air outdoor umgebung",
        "irradiance": "irradiance irradiancia einstrahlung irradiacao",
        "poa": "poa",
        "ghi": "ghi",
        "horizontal": "horizontal",
        "wind": "wind windspeed vento viento windgeschwindigkeit",
        "speed": "speed velocidade velocidad",
        "humidity": "humidity umidade humedad luftfeuchtigkeit",
        "factor": "pf cosphi fp",
        "reactive": "reactive reativa reactiva blindleistung rac",
        "factor word": "factor fator",
        "ac": "ac ca output saida salida",
        "grid": "grid netz rede red",
        "dc": "dc cc input pv solar fv",
        "": "active ativa activa avg average mean media value valor real instantaneous instantanea de da do of "
        "counter analog gridms metering coolsys measured zahlerstand mittelwert mittelwerte",
    }.items()
    for word in words.split()
}
"""Roles of the words of a measure, by word in `names.plain` form."""

_OTHERS: Final = frozenset(
    _words(
        "load loads carga consumption consumo verbrauch consumed consumida battery bateria batterie bat meter medidor "
        "zahler feed feedin injetada einspeisung eingespeist bezug purchased bought import imported importada export "
        "exported exportada eps backup ups apparent aparente rated nominal limit max maximum peak maxima min minimum "
        "ratio efficiency eficiencia wirkungsgrad specific specifica income revenue receita co2 equivalent hours hour "
        "horas string mppt mpp tracker phase fase bus heat sink heatsink radiator igbt boost ipm self direct expected "
        "forecast target month monthly mensal monat year yearly annual anual jahr week setpoint sollwert yesterday ontem "
        "ayer gestern last"
    )
)
"""Words of what is not the whole of an inverter at an instant or on a day."""

_WHOLE_PLANT: Final = frozenset(_words("plant usina planta anlage site system sistema"))
_OF_THE_GRID: Final = frozenset({"frequency", "voltage", "current"})
_PART: Final = re.compile(
    r"(pv|mppt?|string|str|tracker|dc|ac|phase|fase|l|line|[rstuvwabcnp]|ab|bc|ca|rs|st|tr)?\d{0,2}", re.ASCII
)
_DEVICE_WORDS: Final = frozenset({"inverter", "inversor", "wechselrichter"})
_DEVICE_NAME: Final = re.compile(r"\d|inverter|inversor|wechselrichter|^(inv|wr)\b", re.IGNORECASE)
_SET_APART: Final = re.compile(r"[|:/\n]")
_SHORT_ENERGY: Final = re.compile(r"\bE[-_ ](?=total|today|day)", re.IGNORECASE)
_TOKEN: Final = re.compile(r"[^\W_]+")
_BRACKETS: Final = re.compile(r"[(\[]\s*([^()\[\]]{1,12}?)\s*[)\]]\s*$")
_SERIAL: Final = re.compile(r"(?:S/?N|Serial(?: number)?)\s*[:.]?\s*(\S+)", re.IGNORECASE)
_SEPARATORS: Final = " \t\r\n|/:;,.-_–—>"
_UNIT_WORDS: Final = {
    "watt": "W", "watts": "W", "kilowatt": "kW", "kilowatts": "kW", "volt": "V", "volts": "V", "amp": "A", "amps": "A",
    "ampere": "A", "amperes": "A", "hertz": "Hz", "watthours": "Wh", "deg c": "°C",
}  # fmt: skip
_OTHER_UNITS: Final = frozenset(
    {"va", "kva", "mva", "%", "h", "hours", "min", "s", "mohm", "kohm", "kwp", "r$", "eur", "kg", "t"}
)
_DOCUMENTED_UNITS: Final = {"pactot": "W", "pdctot": "W", "etoday": "kWh", "etotal": "kWh"}
_ASSUMED_UNITS: Final = frozenset({"°C", "V", "A", "Hz", "W/m²", "m/s", "%", "1"})
"""Units that a header may leave out: nobody exports another one without saying so."""

_MEASURES: Final = frozenset({
    "power", "energy", "voltage", "current", "frequency", "temperature", "irradiance", "wind", "humidity", "factor"
})  # fmt: skip
_BY_ROLE: Final = (
    ("voltage", "voltage_v"), ("current", "current_a"), ("frequency", "frequency_hz"), ("wind", "wind_speed_m_s"),
    ("humidity", "humidity_pct"),
)  # fmt: skip
_QUANTITIES: Final = (
    "ac_power_kw", "energy_total_kwh", "temperature_c", "voltage_v", "current_a", "frequency_hz", "irradiance_poa_w_m2",
    "reactive_power_kvar", "humidity_pct", "wind_speed_m_s",
)  # fmt: skip
"""One quantity of each unit."""


def measure_of(header: Sequence[str]) -> MeasuredColumn | UnreadableColumn | None:
    """Read a header: the cells of one column from top to bottom, its unit in brackets, in a cell of its own or behind a word.

    Returns:
        What is measured; `UnreadableColumn` where something is that cannot be taken; None where the words tell no measure.
    """
    cells, unit = _without_unit([_SHORT_ENERGY.sub("energy ", cell.strip()) for cell in header if cell.strip()])
    found = [(cell, run) for cell in cells if (run := _run_of(cell))]
    if len(found) != 1:
        return None
    cell, run = found[0]
    unit = unit or run.unit
    quantity, rank = _quantity(run.roles, unit)
    if _is_other(cells, run.roles):
        return _OTHER
    if quantity is None:
        return None
    around = [part for part in (cell[: run.start], cell[run.end :]) if _trimmed(part)]
    rest = [other for other in cells if other is not cell and not _is_decoration(other)]
    if any(_is_part(part) for part in around) and quantity != "frequency_hz":
        return _PART_OF_IT
    if not all(_is_name(part) for part in around if not _is_part(part)):
        return None
    conversion = _conversion(quantity, unit, run.words)
    if conversion is None:
        unknown = f"{units.question(unit)} is not one of its units" if unit else f"its header says neither {_choice(quantity)}"
        return UnreadableColumn(unknown)
    return MeasuredColumn(quantity, conversion, _device([_trimmed(part) for part in around if not _is_part(part)], rest), rank)


_OTHER: Final = UnreadableColumn("it is not the power, energy or state of an inverter as a whole")
_PART_OF_IT: Final = UnreadableColumn("it belongs to a part of an inverter, such as a string or a phase")


class _Run(NamedTuple):
    """Words of a cell that make a measure: where they stand, their roles, and a unit behind them."""

    start: int
    end: int
    words: tuple[str, ...]
    roles: frozenset[str]
    unit: str


def _run_of(cell: str) -> _Run | None:
    """The longest run of known words that makes a measure."""
    tokens = [(found.start(), found.end(), plain(found[0])) for found in _TOKEN.finditer(cell)]
    best: _Run | None = None
    index = 0
    while index < len(tokens):
        end = index
        while end < len(tokens) and _is_word(tokens, end):
            end += 1
        words = tuple(word for _, _, word in tokens[index:end])
        roles = frozenset(role for word in words for role in _WORDS[word].split())
        if not roles.isdisjoint(_MEASURES) and (best is None or len(words) > len(best.words)):
            unit = _as_unit(cell[tokens[end][0] : tokens[end][1]]) if end < len(tokens) else None
            best = _Run(tokens[index][0], tokens[end if unit else end - 1][1], words, roles, unit or "")
        index = max(end, index + 1)
    return best


def _is_word(tokens: Sequence[tuple[int, int, str]], index: int) -> bool:
    """Whether a token is a word of a measure; `Inverter` before a number is the name of one."""
    word = tokens[index][2]
    if word not in _WORDS:
        return False
    return word not in _DEVICE_WORDS or index + 1 == len(tokens) or tokens[index + 1][2] in _WORDS


def _quantity(roles: frozenset[str], unit: str) -> tuple[str | None, int]:
    """The quantity that words and unit mean, and how sure that is (0 is surest)."""
    if "factor" in roles:
        return ("power_factor" if "power" in roles or "word" not in roles else None), 0
    if "reactive" in roles:
        return (None if "energy" in roles else "reactive_power_kvar"), 0
    if not roles.isdisjoint({"power", "energy"}):
        return _power_or_energy(roles, unit), 0
    if "temperature" in roles:
        place = next((place for place in ("module", "air", "inverter") if place in roles), "")
        return {"module": "temp_module_c", "air": "temp_air_c"}.get(place, "temp_inverter_c"), int(not place)
    if "irradiance" in roles:
        is_horizontal = not roles.isdisjoint({"ghi", "horizontal"})
        return ("irradiance_ghi_w_m2" if is_horizontal else "irradiance_poa_w_m2"), int("poa" not in roles and not is_horizontal)
    return _electrical_or_weather(roles)


def _power_or_energy(roles: frozenset[str], unit: str) -> str | None:
    """Generation with a unit of power is power, power with a unit of energy is energy."""
    has_energy_unit = bool(unit) and units.conversion("energy_total_kwh", unit) is not None
    has_power_unit = bool(unit) and units.conversion("ac_power_kw", unit) is not None
    is_dc = "dc" in roles and "ac" not in roles
    if has_power_unit or ("power" in roles and not has_energy_unit):
        return None if "day" in roles else "dc_power_kw" if is_dc else "ac_power_kw"
    if "energy" not in roles or is_dc:
        return None
    return "energy_today_kwh" if "day" in roles else "energy_total_kwh" if "total" in roles else INTERVAL_ENERGY


def _electrical_or_weather(roles: frozenset[str]) -> tuple[str | None, int]:
    for role, quantity in _BY_ROLE:
        if role in roles:
            return (None if "dc" in roles else quantity), int("ac" not in roles)
    return None, 0


def _conversion(quantity: str, unit: str, words: Sequence[str]) -> Conversion | None:
    known = quantity or "energy_total_kwh"
    unit = unit or next((_DOCUMENTED_UNITS[word] for word in words if word in _DOCUMENTED_UNITS), "")
    if unit:
        return units.conversion(known, unit)
    return units.AS_IT_IS if QUANTITIES[known].unit in _ASSUMED_UNITS else None


def _without_unit(cells: Sequence[str]) -> tuple[list[str], str]:
    """Cells of names, and the unit that a cell of its own or the brackets at the end of one tell."""
    kept: list[str] = []
    unit = ""
    for cell in cells:
        alone = _as_unit(cell.strip("()[] "))
        behind = _BRACKETS.search(cell)
        if alone:
            unit = unit or alone
        elif behind and (written := _as_unit(behind[1])):
            unit = unit or written
            kept.append(cell[: behind.start()].strip())
        else:
            kept.append(cell)
    return kept, unit


def _as_unit(text: str) -> str | None:
    written = _UNIT_WORDS.get(text.lower(), text)
    if text.lower() in _OTHER_UNITS or any(units.conversion(quantity, written) for quantity in _QUANTITIES):
        return written
    return written if units.is_undecided(written) else None


def _is_other(cells: Sequence[str], roles: frozenset[str]) -> bool:
    """Whether a header tells of the grid, a load, a battery, a part or the whole plant."""
    if "grid" in roles and roles.isdisjoint(_OF_THE_GRID):
        return True
    words = {plain(found[0]) for cell in cells for found in _TOKEN.finditer(cell)}
    return bool(words & _OTHERS) or (bool(words & _WHOLE_PLANT) and not words & _DEVICE_WORDS)


def _is_decoration(cell: str) -> bool:
    """Whether a cell names neither a device nor a measure, as `Counter` and `Analog` below SMA's names of values."""
    return all(_WORDS.get(plain(found[0])) == "" for found in _TOKEN.finditer(cell))


def _is_part(text: str) -> bool:
    return all(_PART.fullmatch(plain(found[0])) for found in _TOKEN.finditer(text))


def _is_name(text: str) -> bool:
    """Whether what stands beside the words of a measure can name a device: `WR1`, `Inversor Norte`, or `Norte |`."""
    if any(_WORDS.get(plain(found[0]), "inverter") != "inverter" for found in _TOKEN.finditer(text)):
        return False
    return _DEVICE_NAME.search(text) is not None or _SET_APART.search(text) is not None


def _trimmed(text: str) -> str:
    return text.strip(_SEPARATORS).lstrip(")]").rstrip("([").strip(_SEPARATORS)


def _choice(quantity: str) -> str:
    return "W nor kW" if QUANTITIES.get(quantity, QUANTITIES["energy_total_kwh"]).unit == "kW" else "Wh nor kWh"


def _device(beside: Sequence[str], rest: Sequence[str]) -> Device | None:
    """The device that is named beside a measure or in other cells of the header."""
    named = [*rest, *beside]
    if not named:
        return None
    serial = next((found[1] for part in rest if (found := _SERIAL.fullmatch(part))), None)
    key = serial or next((part for part in rest if part.isdecimal() and len(part) >= 3), named[0])
    others = [part for part in dict.fromkeys(named) if part != key and not _SERIAL.fullmatch(part)]
    return Device(key, named[0] if named[0] not in {key, *others[-1:]} else None, others[-1] if others else None)
