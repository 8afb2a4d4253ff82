"""Why a month of consumption is unusual, as a sentence in the two languages of customers."""

from collections.abc import Mapping
from typing import Any, Final

_TEN_TIMES: Final = (8.0, 12.5)

_BASIS: Final = {
    "seasonal": ("the same month of earlier years", "o mesmo mês de anos anteriores"),
    "last_year": ("the same month of last year", "o mesmo mês do ano anterior"),
    "recent": ("the mean of the last months", "a média dos últimos meses"),
    "short": ("the last three months", "os últimos três meses"),
}
_ENDINGS: Final = {
    "zero": ("; was the meter read?", "; o medidor foi lido?"),
    "ten times": (
        "; about ten times as much: is a decimal mark missing?",
        "; cerca de dez vezes mais: falta uma vírgula decimal?",
    ),
    "a tenth": ("; about a tenth: is a digit missing?", "; cerca de um décimo: falta um dígito?"),
    "": (".", "."),
}


def reason(judged: Mapping[str, Any]) -> dict[str, str] | None:
    """A sentence by language for one judged month, None for a usual one."""
    if judged["verdict"] == "usual":
        return None
    kwh, expected = judged["consumption_kwh"], judged["expected_kwh"]
    basis_en, basis_pt = _BASIS[judged["method"]]
    ending_en, ending_pt = _ENDINGS[_kind(kwh, expected)]
    change_pct = 100 * (kwh - expected) / expected
    above_en, above_pt = ("above", "acima") if change_pct > 0 else ("below", "abaixo")
    values = [kwh, abs(change_pct), expected, judged["lower_kwh"], judged["upper_kwh"]]
    en, pt = [_number(value, ",") for value in values], [_number(value, ".") for value in values]
    return {
        "en": f"{en[0]} kWh is {en[1]} % {above_en} the {en[2]} kWh expected from {basis_en} "
        f"(usual: {en[3]} to {en[4]} kWh){ending_en}",
        "pt-BR": f"{pt[0]} kWh está {pt[1]} % {above_pt} dos {pt[2]} kWh esperados, segundo {basis_pt} "
        f"(normal: {pt[3]} a {pt[4]} kWh){ending_pt}",
    }


def _kind(kwh: float, expected: float) -> str:
    if kwh == 0:
        return "zero"
    ratio = kwh / expected
    if _TEN_TIMES[0] <= ratio <= _TEN_TIMES[1]:
        return "ten times"
    return "a tenth" if _TEN_TIMES[0] <= 1 / ratio <= _TEN_TIMES[1] else ""


def _number(value: float, separator: str) -> str:
    return f"{value:,.0f}".replace(",", separator)
