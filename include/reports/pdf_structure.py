"""The structure of a PDF for those who hear it: elements in reading order, tables with rows and cells.

fpdf2 2.8 knows only elements that lie side by side.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, Literal

from fpdf.structure_tree import StructElem, StructureTreeBuilder
from fpdf.syntax import PDFObject, Raw

Group = Literal["Table", "TR"]
Leaf = Literal["H1", "H2", "P", "Figure", "TH", "TD"]

_HEAD_OF_COLUMN: Final = Raw("<</O /Table /Scope /Column>>")


class _Element(StructElem):
    """An element; `a` says of a head of a table what it is the head of."""

    __slots__ = ("a",)

    def __init__(self, struct_type: str, parent: PDFObject, page: tuple[int, Any], mark: int | None, alt: str | None) -> None:
        super().__init__(struct_type, parent, [] if mark is None else [mark], page[0], alt=alt)
        self.pg = page[1]
        self.a = _HEAD_OF_COLUMN if struct_type == "/TH" else None


class PdfStructure(StructureTreeBuilder):
    """The elements of one document. What is added inside of a group is its child, all else a child of the document."""

    def __init__(self) -> None:
        super().__init__()
        self._parent = self.doc_struct_elem
        self._elements: list[StructElem] = []

    @contextmanager
    def group(self, kind: Group, page: tuple[int, Any]) -> Iterator[None]:
        """A table or a row of it, that begins on a page (its number and object)."""
        outer = self._parent
        self._parent = self._add(_Element(f"/{kind}", outer, page, None, None))
        yield
        self._parent = outer

    def leaf(self, kind: Leaf, page: tuple[int, Any], mark: int, alternative: str | None) -> int:
        """An element with marked content of a page; returns the number by which the page is known in the tree."""
        page_key = self.spid_per_page_number.setdefault(page[0], len(self.spid_per_page_number))
        element = self._add(_Element(f"/{kind}", self._parent, page, mark, alternative))
        self.struct_tree_root.parent_tree.nums[page_key].append(element)
        return page_key

    def __iter__(self) -> Iterator[PDFObject]:
        """All objects, the root first."""
        yield from (self.struct_tree_root, self.doc_struct_elem, self.struct_tree_root.parent_tree)
        yield from self._elements

    def _add(self, element: StructElem) -> StructElem:
        self._parent.k.append(element)
        self._elements.append(element)
        return element
