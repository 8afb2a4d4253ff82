"""Builders for parser tests."""

import json
from pathlib import Path
from zoneinfo import ZoneInfo

import pandas as pd
import pytest

from include.sources.feeds import FEEDS, ParseContext

PAYLOADS = Path(__file__).parents[2] / "payloads"


@pytest.fixture
def context():
    """Context of a document of a tenant in São Paulo."""
    return ParseContext(ZoneInfo("America/Sao_Paulo"), "file.json", max_rows=1_000_000, max_nesting=32)


@pytest.fixture
def payload():
    """Bytes of a recorded payload."""
    return lambda name: (PAYLOADS / name).read_bytes()


@pytest.fixture
def parsed(context):
    """Parse a document (bytes, or a value that becomes JSON) and return rows, missing count and subjects."""

    def parse(feed, document, in_context=None):
        body = document if isinstance(document, bytes) else json.dumps(document).encode()
        return Parsed(FEEDS[feed].parse(body, in_context or context))

    return parse


class Parsed:
    """All pieces of one document."""

    def __init__(self, pieces):
        self.pieces = list(pieces)
        self.missing = sum(piece.missing_count for piece in self.pieces)
        self.subjects = {key: subject for piece in self.pieces for key, subject in piece.subjects.items()}
        self.frame = pd.concat(
            [piece.frame.astype({"subject": str, "quantity": str}) for piece in self.pieces], ignore_index=True
        )

    @property
    def rows(self):
        """(row number, subject, quantity, UTC text, value, state) of each row."""
        return [
            (row.row_number, row.subject, row.quantity, _text(row.measured_at), _number(row.value), row.state)
            for row in self.frame.itertuples()
        ]


def _text(instant):
    return None if pd.isna(instant) else instant.strftime("%Y-%m-%dT%H:%M:%S.%fZ").replace(".000000", "")


def _number(value):
    return None if pd.isna(value) else round(float(value), 6)
