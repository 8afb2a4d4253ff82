"""Fields of registry files: how each is named in English and Portuguese, and how its text is read."""

import re
from collections.abc import Callable
from datetime import date, datetime
from typing import Any, Final

from include.core.documents import DROPS, VENDOR_NAMES
from include.core.errors import Refused
from include.core.identities import customer_identity, identity, is_rounded
from include.core.span import utc_offset, zone
from include.core.tax_numbers import TaxNumber
from include.sources.formats import names, numbers
from include.sources.formats.months import month_of

DEVICE_KINDS: Final = ("inverter", "meter", "logger", "battery", "sensor", "equipment")
SOURCES: Final = (DROPS, *VENDOR_NAMES)
"""Who names keys: the tenant's own files, or a vendor."""


class BadField(ValueError):
    """A cell of a registry file is not what its column asks for; the text completes a sentence about it."""


def _key(value: Any) -> str:  # noqa: ANN401
    return _found_key(value, identity(value))


def _vendor_key(value: Any) -> str:  # noqa: ANN401
    return _found_key(value, names.key(value))


def _found_key(value: Any, key: str | None) -> str:  # noqa: ANN401
    if is_rounded(value):
        raise BadField("was rounded by a spreadsheet; format the column as text, enter the whole key and drop the row again")
    if key is None:
        raise BadField("is no identifier of at most 200 printable characters")
    return key


def _customer_key(column: TaxNumber | None) -> Callable[[Any], str]:
    return lambda value: _found_key(value, customer_identity(value, column))


def _text(value: Any) -> str:  # noqa: ANN401
    if (text := names.text(value) or names.key(value)) is None:
        raise BadField("is no text of at most 200 printable characters")
    return text


def _between(low: float, high: float) -> Callable[[Any], float]:
    def read(value: Any) -> float:  # noqa: ANN401
        found = numbers.number(value, frozenset())
        if found is None or not low <= found <= high:
            raise BadField(f"is no number from {low:g} to {high:g}")
        return found

    return read


def _above_zero(value: Any) -> float:  # noqa: ANN401
    found = _between(0, 1e9)(value)
    if found == 0:
        raise BadField("is no number above 0")
    return found


def _azimuth(value: Any) -> float:  # noqa: ANN401
    return _between(0, 360)(value) % 360


def _zone(value: Any) -> str:  # noqa: ANN401
    try:
        return zone(_text(value)).key
    except Refused as error:
        raise BadField("is no IANA time zone such as America/Sao_Paulo") from error


def _utc_offset(value: Any) -> str:  # noqa: ANN401
    written = _text(value)
    if names.plain(written) in {"zone", "fuso"}:
        return "zone"
    try:
        return utc_offset(written)
    except Refused as error:
        raise BadField("is no offset from UTC such as -03:00, nor the word zone") from error


def _day(value: Any) -> date:  # noqa: ANN401
    if isinstance(value, date):
        return value.date() if isinstance(value, datetime) else value
    written = _text(value).removesuffix(" 00:00:00")
    if found := re.fullmatch(r"(\d{2})([/.])(\d{2})\2(\d{4})", written, re.ASCII):
        written = f"{found[4]}-{found[3]}-{found[1]}"
    try:
        return date.fromisoformat(written)
    except ValueError as error:
        raise BadField("is no day such as 2025-03-31 or 31/03/2025") from error


def _day_or_never(value: Any) -> str:  # noqa: ANN401
    if isinstance(value, str) and names.plain(value) in {"never", "nunca"}:
        return "never"
    try:
        return _day(value).isoformat()
    except BadField as error:
        raise BadField("is no day such as 2025-03-31 or 31/03/2025, nor the word never") from error


def _month(value: Any) -> date:  # noqa: ANN401
    if (month := month_of(value)) is None:
        raise BadField("is no month such as 2025-03")
    return month


def _kind(value: Any) -> str:  # noqa: ANN401
    if (kind := _KINDS.get(names.plain(_text(value)))) is None:
        raise BadField(f"is none of {', '.join(DEVICE_KINDS)}")
    return kind


def _source(value: Any) -> str:  # noqa: ANN401
    if (source := names.plain(_text(value))) not in SOURCES:
        raise BadField(f"is none of {', '.join(SOURCES)}")
    return source


def _currency(value: Any) -> str:  # noqa: ANN401
    written = _text(value).upper()
    if len(written) != 3 or not (written.isascii() and written.isalpha()):
        raise BadField("is no currency code such as BRL")
    return written


_KINDS: Final = {kind: kind for kind in DEVICE_KINDS} | {
    "inversor": "inverter", "medidor": "meter", "registrador": "logger", "bateria": "battery", "equipamento": "equipment",
}  # fmt: skip
READERS: Final[dict[str, Callable[[Any], Any]]] = {
    "plant_key": _key, "device_key": _key, "parent_key": _key, "document": _customer_key(None),
    "customer_document": _customer_key(None),
    "name": _text, "group_name": _text, "city": _text, "model": _text,
    "kind": _kind, "timezone": _zone, "utc_offset": _utc_offset,
    "latitude": _between(-90, 90), "longitude": _between(-180, 180),
    "capacity_kwp": _above_zero, "capacity_kw": _above_zero, "target_kwh": _between(0, 1e12),
    "price_per_kwh": _between(0, 100_000), "commissioned_on": _day,
    "dismantled_on": _day_or_never,
    "valid_from": _day, "read_on": _day, "co2_kg_kwh": _between(0, 10), "factor_source": _text,
    "tilt_deg": _between(0, 90), "azimuth_deg": _azimuth,
    "month": _month, "currency": _currency, "source": _source,
}  # fmt: skip
VENDOR_READERS: Final[dict[str, Callable[[Any], Any]]] = {
    **READERS, "plant_key": _vendor_key, "device_key": _vendor_key, "parent_key": _vendor_key,
}  # fmt: skip
"""For rows with a vendor's `source`: its keys stay as it writes them, for it is asked by them."""
TAX_NUMBER_READERS: Final[dict[str, Callable[[Any], Any]]] = {"cpf": _customer_key("cpf"), "cnpj": _customer_key("cnpj")}
"""For columns whose name says which tax number they hold."""

ALIASES: Final = {name: name for name in READERS} | {
    "plant": "plant_key", "plant_id": "plant_key", "usina": "plant_key", "usina_id": "plant_key", "device": "device_key",
    "device_id": "device_key", "inversor_id": "device_key", "inverter_id": "device_key", "dispositivo": "device_key",
    "pai": "parent_key", "parent": "parent_key", "documento": "document", "cpf_cnpj": "document", "cpf": "document",
    "cnpj": "document", "nome": "name", "usina_nome": "name", "cliente": "name", "customer": "name", "cidade": "city",
    "grupo": "group_name", "group": "group_name",
    "localizacao": "city", "modelo": "model", "tipo": "kind", "type": "kind", "fuso": "timezone", "fuso_horario": "timezone",
    "capacidade_kwp": "capacity_kwp", "potencia_kwp": "capacity_kwp", "capacidade_kw": "capacity_kw",
    "potencia_kw": "capacity_kw", "comissionada_em": "commissioned_on", "data_comissionamento": "commissioned_on",
    "desmontado_em": "dismantled_on", "retirado_em": "dismantled_on", "removed_on": "dismantled_on",
    "mes": "month", "meta_kwh": "target_kwh", "projecao_kwh": "target_kwh", "projection_kwh": "target_kwh",
    "kwh": "target_kwh", "valido_de": "valid_from", "vigencia": "valid_from", "inicio_vigencia": "valid_from",
    "preco_kwh": "price_per_kwh", "preco_por_kwh": "price_per_kwh", "tarifa": "price_per_kwh", "price": "price_per_kwh",
    "lido_em": "read_on", "data_leitura": "read_on", "leitura": "read_on", "fator_co2": "co2_kg_kwh",
    "fator_emissao": "co2_kg_kwh", "kg_co2_kwh": "co2_kg_kwh", "fonte_fator": "factor_source",
    "documento_cliente": "customer_document", "cliente_documento": "customer_document",
    "inclinacao": "tilt_deg", "tilt": "tilt_deg",
    "azimute": "azimuth_deg", "azimuth": "azimuth_deg",
    "deslocamento_utc": "utc_offset", "offset_utc": "utc_offset", "gmt": "utc_offset",
    "moeda": "currency", "fonte": "source", "origem": "source", "vendor": "source",
    "capacity_mwp": "capacity_kwp", "capacidade_mwp": "capacity_kwp", "potencia_mwp": "capacity_kwp",
    "capacity_wp": "capacity_kwp", "capacidade_wp": "capacity_kwp", "potencia_wp": "capacity_kwp", "capacity_mw": "capacity_kw",
    "capacidade_mw": "capacity_kw", "potencia_mw": "capacity_kw", "target_mwh": "target_kwh", "meta_mwh": "target_kwh",
    "projecao_mwh": "target_kwh",
}  # fmt: skip
