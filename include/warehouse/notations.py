"""How a tenant's files of a feed write numbers, as far as loaded ones prove it."""

from collections.abc import Collection
from typing import Literal

from sqlalchemy import Connection

from include.core.documents import LandedDocument
from include.warehouse.queries import query


def read_decimal_marks(connection: Connection, tenant_id: int, feed: str) -> tuple[Literal[".", ","], ...]:
    """The marks that loaded documents prove: none, one, or two that contradict each other."""
    rows = connection.execute(query("notations", "read_decimal_marks"), {"tenant_id": tenant_id, "feed": feed})
    return tuple(row.decimal_mark for row in rows)


def add_decimal_marks(connection: Connection, document: LandedDocument, marks: Collection[str]) -> bool:
    """Note what a document proves; returns whether it was news."""
    if not marks:
        return False
    parameters = {"tenant_id": document.tenant_id, "feed": document.feed, "document_id": document.document_id}
    return connection.execute(query("notations", "add_decimal_marks"), parameters | {"marks": sorted(marks)}).rowcount > 0
