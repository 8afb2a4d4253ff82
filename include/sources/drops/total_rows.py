"""Rows that add up others, such as `Total geral` or `Subtotal`: they are no customers, wherever they stand."""

from collections.abc import Collection, Iterable
from functools import lru_cache
from typing import Final

from include.sources.formats.names import plain

_SUMS: Final = frozenset({"total", "totais", "totals", "subtotal", "subtotais", "soma", "somatorio", "somatoria", "sum"})
_MEANS: Final = frozenset({"media", "medias", "average", "mean", "avg"})
_OF_WHAT: Final = frozenset({
    "geral", "grand", "sub", "do", "da", "de", "dos", "das", "of", "the", "mes", "meses", "ano", "mensal", "anual", "periodo",
    "month", "year", "monthly", "overall", "consumo", "consumption", "energia", "energy", "kwh", "mwh", "clientes", "customers",
    "unidades", "faturas", "all", "todos", "todas",
})  # fmt: skip


@lru_cache(maxsize=20_000)
def _words(text: str) -> tuple[list[str], list[str]]:
    """Words of a text, and those among them that name a sum or a mean."""
    words = plain(text[:200]).replace("sub_total", "subtotal").split("_")
    return words, [word for word in words if word in _SUMS or word in _MEANS]


def is_total(text: str, known: Collection[str] = ()) -> bool:
    """Whether a text names a sum or a mean: `TOTAL`, `Total geral`, `Média mensal`, `Total 2024`.

    `Total Casa A` is one where `Casa A` is among the `known` names, which are in `names.plain` form.
    """
    words, sums = _words(text)
    if not sums:
        return False
    rest = [word for word in words if word not in sums]
    if all(word in _OF_WHAT or word.isdecimal() for word in rest):
        return True
    return words[0] in {"total", "subtotal"} and (words[0] == "subtotal" or "_".join(words[1:]) in known)


def has_total(cells: Iterable[object], known: Collection[str] = ()) -> bool:
    """Whether a cell names a sum or a mean."""
    return any(isinstance(cell, str) and is_total(cell, known) for cell in cells)
