"""A report made of tables: of the consumption of customers, or of the data themselves; its tiles as people read them."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from include.core.brand import OWN_BRAND, Brand
from include.reports.headline import Tile
from include.reports.model import NO_MARKS, DayBar, Kind, Language, Mark, Marks
from include.reports.observations import Observation
from include.reports.tables import ReportTable

ListingAbout = Literal["consumption", "quality"]


@dataclass(frozen=True, slots=True)
class ListingReport:
    """One report of a tenant over the local days `first_day` to `last_day`, both included.

    `customer_group` is the group of customers that it is about, None for all of them. `months` are drawn as bars where there are
    any; `marks` are those of the first tile. Tables on paper end after some rows; the workbook has them all.
    """

    about: ListingAbout
    tenant_name: str
    customer_group: str | None
    kind: Kind
    first_day: date
    last_day: date
    timezone: str
    language: Language
    issued_at: datetime
    revision: int
    report_id: str
    code_version: str
    tiles: tuple[Tile, Tile, Tile, Tile]
    observations: tuple[Observation, ...]
    tables: tuple[ReportTable, ...]
    method: str
    months: tuple[DayBar, ...] = ()
    is_provisional: bool = False
    brand: Brand = OWN_BRAND
    marks: Marks = NO_MARKS

    @property
    def whose(self) -> str:
        """Whose report it is: the group's, or the tenant's."""
        return self.customer_group or self.tenant_name


def listing_tile_marks(marks: Marks) -> tuple[tuple[Mark, ...], ...]:
    """The marks of each of the tiles: a change is of whole months alone."""
    return tuple(marks.headline), *((tuple(mark for mark in marks.headline if mark == "provisional"),) * 2), ()
