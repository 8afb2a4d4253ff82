"""Tables of the command line in a terminal of 80 columns."""

import pytest

from cli.plain_table import plain_table, print_table

LONG = ("usina-do-sertão-central-de-pernambuco-2", "scheduled for the first morning of the month", "2026-11-01 07:00")


@pytest.fixture(autouse=True)
def _narrow(monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")


def test_no_text_is_cut_off_or_wrapped(capsys):
    table = plain_table("plant", "when", "since", figures=("rows",))
    table.add_row(*LONG, "1,234,567")

    print_table(table)

    _, line = capsys.readouterr().out.splitlines()
    assert [text for text in (*LONG, "1,234,567") if text not in line] == []


def test_only_a_column_that_may_be_folded_is_folded(capsys):
    table = plain_table("plant", "when")
    table.add_column("what changed", overflow="fold")
    table.add_row(*LONG[:2], "energy 13,341 instead of 12,991 kWh and 14,500 instead of 15,500 kWh")

    print_table(table)

    _, line, *folded = capsys.readouterr().out.splitlines()
    assert [text for text in LONG[:2] if text not in line] == []
    assert len(folded) > 1
    assert " ".join([line.split(LONG[1])[1].strip(), *(one.strip() for one in folded)]).endswith("15,500 kWh")


def test_a_key_is_printed_as_it_is(capsys):
    table = plain_table("device")
    table.add_row("INV:x:1 [bold]")

    print_table(table)

    assert "INV:x:1 [bold]" in capsys.readouterr().out
