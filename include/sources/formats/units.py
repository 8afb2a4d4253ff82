"""Written units -> how their numbers become those of our unit: `mW` is not `MW`, but `KW`, `kw` and `kW` are one.

Only the first letter's case can decide (milli and mega); the rest of a unit may be written in any case.
"""

import re
import unicodedata
from typing import Final, NamedTuple

from include.core.quantities import QUANTITIES


class Conversion(NamedTuple):
    """Our number is `(written + shift) * times / over`."""

    times: float = 1.0
    over: float = 1.0
    shift: float = 0.0

    def __call__(self, written: float) -> float:
        """Convert one number."""
        return (written + self.shift) * self.times / self.over


AS_IT_IS: Final = Conversion()
_Units = dict[str, Conversion]


_POWERS: Final = {"m": -3, "": 0, "k": 3, "M": 6, "g": 9}


def _scaled(unit: str, power: int = 0) -> _Units:
    """A unit with prefixes; without one it is `10 ** power` of ours."""
    powers = {prefix + unit: power + prefix_power for prefix, prefix_power in _POWERS.items()}
    return {name: Conversion(10**ten) if ten >= 0 else Conversion(1, 10**-ten) for name, ten in powers.items()}


_CELSIUS: Final = (
    dict.fromkeys(("°c", "c", "celsius", "°celsius", "degc", "grausc", "grauscelsius"), AS_IT_IS)
    | dict.fromkeys(("°f", "f", "fahrenheit", "degf"), Conversion(5, 9, -32))
    | dict.fromkeys(("k", "°k", "kelvin"), Conversion(shift=-273.15))
)  # fmt: skip
_JOULES: Final = {
    "j": Conversion(1, 3_600_000),
    "kj": Conversion(1, 3_600),
    "Mj": Conversion(1, 3.6),
    "gj": Conversion(1000, 3.6),
}
_PER_M2: Final = {"w/m2": AS_IT_IS, "kw/m2": Conversion(1000)}
_SPEED: Final = {
    "m/s": AS_IT_IS, "M/s": AS_IT_IS, "mps": AS_IT_IS, "km/h": Conversion(1, 3.6), "kmh": Conversion(1, 3.6),
    "kn": Conversion(1852, 3600), "kt": Conversion(1852, 3600), "mph": Conversion(0.44704),
}  # fmt: skip
_UNITS: Final[dict[str, _Units]] = {
    "kW": _scaled("w", -3),
    "kWh": _scaled("wh", -3) | _JOULES,
    "kvar": _scaled("var", -3),
    "V": _scaled("v"),
    "A": _scaled("a"),
    "Hz": _scaled("hz"),
    "°C": _CELSIUS,
    "%": dict.fromkeys(("%", "%rh", "%ur", "rh%", "ur%", "percent", "pct", "porcento"), AS_IT_IS),
    "W/m²": _PER_M2,
    "kWh/m²": {"kwh/m2": AS_IT_IS, "wh/m2": Conversion(1, 1000)},
    "m/s": _SPEED,
    "dBm": {"dbm": AS_IT_IS, "db": AS_IT_IS},
    "1": {"lqi": AS_IT_IS},
}
"""By our unit: the spellings that `_key` makes of theirs."""

_UNDECIDED: Final = re.compile(r"m(w|wh|va|var)(/m2)?", re.ASCII)
_DEGREES: Final = str.maketrans(dict.fromkeys("º˚∘", "°") | dict.fromkeys("⋅·*^() \t\u00a0\u202f", None))


def conversion(quantity: str, unit: str) -> Conversion | None:
    """How numbers of a written unit become those of a quantity; None where the unit is not one of the quantity's."""
    if (key := _key(unit)) is None:
        return None
    return _UNITS.get(QUANTITIES[quantity].unit, {}).get(key)


def is_undecided(unit: str) -> bool:
    """Whether a unit is one of milli or mega that has lost its case."""
    return _key(unit) is None


def question(unit: str) -> str:
    """What a person needs to know of a unit that could not be converted."""
    if _key(unit) is None:
        symbol = unit.strip()[1:].replace("w", "W").replace("va", "VA")
        return f"unit {unit!r} is m{symbol} or M{symbol}: capital or small letters must tell"
    return f"unit {unit!r}"


def _key(unit: str) -> str | None:
    """Spelling of a unit in the tables; None where all is small and the m can be a mega that lost its case."""
    bare = unicodedata.normalize("NFKC", unit.translate(_DEGREES)).translate(_DEGREES).replace("−", "-")
    if _UNDECIDED.fullmatch(bare):
        return None
    slashed = re.sub(r"\.?m-2$", "/m2", bare, flags=re.IGNORECASE)
    return slashed[:1] + slashed[1:].lower() if slashed[:1] in {"m", "M"} else slashed.lower()
