"""Incidents: what is wrong with the operation, as the watch finds it in the tables."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

Severity = Literal["minor", "major", "critical"]

SEVERITIES: Final[tuple[Severity, ...]] = ("minor", "major", "critical")
"""From the least to the worst."""

HOUSE: Final = "house"
"""Subject of what concerns the whole installation."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something wrong that one look found; the same kind and subject are the same incident.

    Attributes:
        kind: What is wrong, such as `data_late`.
        subject: What it is about, such as a tenant and feed.
        severity: How soon somebody should know.
        summary: One sentence: the thing, the value.
        action: What to do next.
        began_at: Since when, aware, as far as the tables tell.
        tenant_id: The tenant that it concerns; None for several.
        roots: Kinds and subjects of other findings that explain this one; where one of them is found this one is not told.
    """

    kind: str
    subject: str
    severity: Severity
    summary: str
    action: str
    began_at: datetime
    tenant_id: int | None = None
    roots: frozenset[tuple[str, str]] = frozenset()

    @property
    def key(self) -> tuple[str, str]:
        """What makes it the same incident."""
        return (self.kind, self.subject)


def severities_from(least: str) -> Collection[Severity]:
    """Severities that are at least this one; all of them for a word that is none."""
    return SEVERITIES[SEVERITIES.index(least) :] if least in SEVERITIES else SEVERITIES
