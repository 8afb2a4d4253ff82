"""What the columns of a consumption file mean: whose, when, and which of them hold energy, of which part and of which month.

Energy is known by its words, the unit in brackets or in the name (`Consumo (MWh)`, `consumo_ponta_kwh`). A column of the same
words without a unit beside one that has it (`consumo` beside `consumo_kwh`) may be money and is not read. A column whose name is
a month (`jan/2024`) holds the energy of that month.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

import msgspec

from include.core.errors import BadDocument
from include.sources.formats import units
from include.sources.formats.fields import Fields
from include.sources.formats.header import HeaderColumn, columns_of, positions
from include.sources.formats.json_fields import RecordFields
from include.sources.formats.months import month_number, month_of
from include.sources.formats.names import plain
from include.sources.formats.notation import NumberColumn

_NUMBERS: Final = ("", "n_", "no_", "num_", "numero_", "numero_da_", "numero_do_", "no_da_", "no_do_", "cod_", "codigo_", "id_")
_NAMES: Final[dict[str, tuple[str, ...]]] = {
    "customer": (
        "customer", "cliente", "nome", "name", "customer_name", "cliente_nome", "nome_cliente", "nome_do_cliente", "consumidor",
        "titular", "razao_social",
    ),
    "document": (
        "document", "documento", "cpf_cnpj", "cnpj_cpf", "cpf_ou_cnpj", "documento_cliente", "customer_id", "cliente_id",
        "id_cliente", "codigo_cliente",
    ),
    "cpf": ("cpf", "cpf_cliente", "cpf_do_cliente"),
    "cnpj": ("cnpj", "cnpj_cliente", "cnpj_do_cliente"),
    "point": (
        *(number + name for number in _NUMBERS for name in ("uc", "unidade_consumidora", "instalacao")),
        "installation", "installation_id", "consumption_point", "point", "point_key", "point_id", "meter_point", "metering_point",
        "metering_point_id", "mpan", "mprn", "cups", "pod",
    ),
    "meter": (*(number + "medidor" for number in _NUMBERS), "meter", "meter_id", "meter_number", "meter_serial"),
    "month": (
        "month", "mes", "mes_referencia", "mes_de_referencia", "mes_ref", "ref", "referencia", "competencia", "mes_competencia",
        "mes_de_competencia", "mes_ano", "ano_mes", "mes_faturamento", "billing_month", "year_month",
    ),
    "year": ("ano", "year"),
    "period": (
        "posto", "posto_tarifario", "posto_horario", "posto_tarifario_horario", "horario", "segmento_horario", "tou",
        "tou_period", "time_of_use", "tariff_period",
    ),
}  # fmt: skip
"""Fields and how columns that hold them are named, in `names.plain` form."""

_KEYS: Final = frozenset({"customer", "document", "cpf", "cnpj", "point", "meter"})
FIELDS: Final = Fields(
    {alias: name for name, aliases in _NAMES.items() for alias in aliases},
    (_KEYS,),
    "customer or document, month and kwh (or cliente, documento, mes, consumo_kwh)",
)

_WHOLE: Final = "consumption_kwh"
_PARTS: Final[dict[str, str]] = {
    words: quantity
    for quantity, spellings in {
        "consumption_peak_kwh": "ponta punta peak on_peak hp p",
        "consumption_intermediate_kwh": "intermediario intermediaria intermediate mid_peak shoulder cheia cheias llano hi",
        "consumption_off_peak_kwh": "fora_ponta foraponta f_ponta fora off_peak offpeak vazio valle hfp fp",
    }.items()
    for words in spellings.split()
}
_SHORT: Final = frozenset({"hp", "p", "hi", "hfp", "fp"})
"""Parts that are told so shortly that only a unit or another word makes a column one."""
_WHOLES: Final = frozenset(
    {"", "total", "mensal", "mes", "do_mes", "medido", "faturado", "registrado", "monthly", "month", "unico"}
)
_ENERGY_WORDS: Final = frozenset({"consumo", "consumption", "usage"})
_FILLERS: Final = frozenset(
    {
        "consumo",
        "consumption",
        "usage",
        "energia",
        "energy",
        "eletrica",
        "ativo",
        "ativa",
        "active",
        "em",
        "na",
        "no",
        "de",
        "horario",
    }
)
_MONEY_WORDS: Final = frozenset({
    "r$", "rs", "brl", "reais", "us$", "usd", "eur", "€", "valor", "preco", "custo", "fatura", "tarifa", "amount", "price",
    "cost",
})  # fmt: skip
_UNIT_WORDS: Final = {"kwh": "kWh", "mwh": "MWh", "wh": "Wh", "gwh": "GWh"}


@dataclass(frozen=True, slots=True)
class EnergyColumn:
    """A column of energy. `month` is a date or, without its year, a number where the column is one of a month."""

    column: HeaderColumn
    quantity: str
    has_unit: bool
    numbers: NumberColumn
    month: date | int | None = None


@dataclass(frozen=True, slots=True)
class ConsumptionColumns:
    """The columns of one header.

    Attributes:
        fields: Columns of the feed's fields by name.
        energies: Those that are read.
        keys: Places of the fields that tell a customer and an installation.
        money: Other columns of numbers; they only show how the document writes them.
    """

    fields: dict[str, HeaderColumn]
    energies: tuple[EnergyColumn, ...]
    keys: tuple[int, ...]
    money: tuple[HeaderColumn, ...]

    def written_numbers(self) -> list[tuple[int, NumberColumn]]:
        """Places of the columns whose texts show how the document writes numbers."""
        energies = [(energy.column.position, energy.numbers) for energy in self.energies]
        return energies + [(column.position, NumberColumn(column.position, _WHOLE)) for column in self.money]

    def used(self) -> list[HeaderColumn]:
        """Columns that are read."""
        return [*self.fields.values(), *(energy.column for energy in self.energies)]

    def cell(self, name: str, cells: Sequence[object]) -> object:
        """Value of a field in a row; None where there is no such column."""
        return cells[self.fields[name].position] if name in self.fields else None


def is_consumption_header(columns: Sequence[HeaderColumn]) -> bool:
    """Whether a line names whose consumption a table holds, and energy."""
    names = {name for column in columns if (name := column.field(FIELDS))}
    return FIELDS.complete(names) and next(_energy_columns(columns), None) is not None


def consumption_columns(columns: Sequence[HeaderColumn]) -> ConsumptionColumns:
    """What the columns mean; raises `BadDocument` where two of them could be the same one."""
    fields = positions(columns, FIELDS)
    candidates = list(_energy_columns(columns))
    of_months = [energy for energy in candidates if energy.month is not None]
    energies = of_months if of_months and "month" not in fields else _chosen([one for one in candidates if one.month is None])
    taken = {energy.column.position for energy in energies}
    money = tuple(column for column in columns if column.position not in taken and _is_money(column))
    keys = tuple(column.position for name, column in fields.items() if name in _KEYS)
    return ConsumptionColumns(fields, tuple(energies), keys, money)


def _chosen(candidates: Sequence[EnergyColumn]) -> list[EnergyColumn]:
    """One column of each quantity: the one with a unit, else the only one."""
    chosen = []
    for quantity in dict.fromkeys(energy.quantity for energy in candidates):
        alike = [energy for energy in candidates if energy.quantity == quantity]
        with_unit = [energy for energy in alike if energy.has_unit] or alike
        if len(with_unit) > 1:
            raise _which(with_unit)
        chosen += with_unit
    return chosen


class ConsumptionRecord(RecordFields):
    """A JSON record, whose names mean what the columns of a table do."""

    def are_in(self, raw: msgspec.Raw) -> bool:
        """Whether a record names whose consumption it holds, and energy."""
        return is_consumption_header(columns_of(self.names_of(raw)))

    def unused_of(self, raw: msgspec.Raw) -> Iterable[str]:
        """Names of fields that are not read."""
        header = columns_of(self.names_of(raw))
        used = {column.position for column in consumption_columns(header).used()} if is_consumption_header(header) else set()
        return (column.written for column in header if column.position not in used)


RECORD: Final = ConsumptionRecord(FIELDS, plain)


def period_quantity(text: str) -> str | None:
    """Quantity of a row by its time-of-use period; None where the period is not known."""
    words = "_".join(word for word in plain(text[:100]).split("_") if word not in _FILLERS)
    return _WHOLE if words in _WHOLES else _PARTS.get(words)


def _energy_columns(columns: Sequence[HeaderColumn]) -> Iterator[EnergyColumn]:
    for column in columns:
        if column.field(FIELDS) is None and (found := _energy_column(column)) is not None:
            yield found


def _energy_column(column: HeaderColumn) -> EnergyColumn | None:
    words, unit = _words_and_unit(column)
    conversion = units.conversion(_WHOLE, unit or "kWh")
    if conversion is None:
        return None
    month = _month_of_column(column, words)
    rest = "_".join(word for word in words if word not in _FILLERS)
    is_named = bool(unit) or not _ENERGY_WORDS.isdisjoint(words)
    quantity = _WHOLE if month or (is_named and rest in _WHOLES) else _PARTS.get(rest)
    if quantity is None or (rest in _SHORT and not is_named):
        return None
    return EnergyColumn(column, quantity, bool(unit), NumberColumn(column.position, quantity, conversion), month)


def _words_and_unit(column: HeaderColumn) -> tuple[list[str], str]:
    """Words of the name, and the unit: in brackets, else the first or last word where that is one."""
    words = column.name.split("_")
    if column.unit:
        unit = re.split(r"/(?:m[eê]s|month)$", column.unit, flags=re.IGNORECASE)[0]
        return words, _UNIT_WORDS.get(unit.lower(), unit) if unit != "mWh" else unit
    for place in (-1, 0):
        if words[place] in _UNIT_WORDS:
            return [*words[:place], *words[place + 1 :]] if place == 0 else words[:-1], _UNIT_WORDS[words[place]]
    return words, ""


def _month_of_column(column: HeaderColumn, words: Sequence[str]) -> date | int | None:
    if month := month_of(re.sub(r"[(\[].*", "", column.written).strip()):
        return month
    named = [word for word in words if word not in _FILLERS]
    if month := month_of("-".join(named)):
        return month
    return month_number(named[0]) if len(named) == 1 and not named[0].isdecimal() else None


def _is_money(column: HeaderColumn) -> bool:
    words = {*column.name.split("_"), column.unit.lower()}
    return not words.isdisjoint(_MONEY_WORDS | _ENERGY_WORDS)


def _which(columns: Sequence[EnergyColumn]) -> BadDocument:
    named = " and ".join(f"{one.column.written!r} (column {one.column.position + 1})" for one in columns[:5])
    return BadDocument(
        f"{len(columns)} columns could be {columns[0].quantity}: {named}; which one is meant? "
        "Keep that one and drop the file again"
    )
