"""`helio target` and `helio synthesize` as an operator types them."""

import json

import pytest
from typer.testing import CliRunner

from cli.main import app

pytestmark = pytest.mark.postgres


@pytest.fixture
def helio(small_fleet, tmp_path, monkeypatch):
    """Calls the command line on the small fleet's warehouse; returns status and output."""
    monkeypatch.setenv("HELIOGRAPH_DATABASE_URL", small_fleet.url)
    monkeypatch.setenv("HELIOGRAPH_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("COLUMNS", "200")

    def call(*words: str) -> tuple[int, str]:
        outcome = CliRunner().invoke(app, words)
        return outcome.exit_code, outcome.output

    return call


def test_targets_are_set_loaded_removed_and_shown_with_their_revisions(helio, tmp_path):
    assert helio("target", "set", "p1", "2020-05=5200", "2020-06=4400.5", "--tenant", "demo")[1].startswith(
        "changed: 2020-05, 2020-06"
    )
    (tmp_path / "targets.csv").write_text("plant_key,month,target_kwh\np1,2020-05,5300\np1,2020-06,4400.5\n")
    assert helio("target", "load", str(tmp_path / "targets.csv"), "--tenant", "demo") == (
        0,
        "registered: 0 new, 1 changed, 1 as before\n",
    )
    assert helio("target", "set", "p1", "2020-06=", "--tenant", "demo")[1] == "changed: 2020-06\n"

    code, said = helio("target", "show", "p1", "--tenant", "demo")

    assert code == 0
    (row,) = [line.split() for line in said.splitlines() if "2020-" in line]
    assert row[:4] == ["2020-05", "5300", "2", "registry"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("set", "p1", "2020-13=1"), "write it as 2026-05=5200"),
        (("set", "p1", "2020-05=many"), "'2020-05=many'"),
        (("set", "p1", "2020-05=nan"), "give zero or more"),
        (("set", "p1", "2020-05=-1"), "give zero or more"),
        (("set", "nowhere", "2020-05=1"), "known: p1"),
        (("show", "nowhere"), "known: p1"),
    ],
)
def test_what_cannot_be_is_one_sentence_and_nothing_is_saved(helio, small_fleet, words, said):
    code, told = helio("target", *words, "--tenant", "demo")

    assert (code, said in told) == (1, True), told
    assert small_fleet.read("SELECT count(*) AS n FROM fleet.target")["n"].item() == 0


def test_a_file_with_a_bad_row_says_which_and_the_others_are_registered(helio, tmp_path):
    (tmp_path / "targets.csv").write_text("plant_key,month,target_kwh\np1,2020-05,5300\np1,2020-06,much\nnowhere,2020-05,1\n")

    code, said = helio("target", "load", str(tmp_path / "targets.csv"), "--tenant", "demo")

    assert code == 1
    assert "2 of 3 rows were not registered" in said
    assert "2020-05" in helio("target", "show", "p1", "--tenant", "demo")[1]


def test_a_synthetic_file_is_written_once(helio, tmp_path):
    words = ("synthesize", str(tmp_path / "m.json"), "--inverters", "2", "--from", "2026-01-01", "--to", "2026-01-02")

    code, said = helio(*words, "--step-s", "3600", "--fault", "2:outage:2026-01-02")

    assert (code, said.split(" ")[0]) == (0, "72")
    assert len(json.loads((tmp_path / "m.json").read_text())) == 72
    assert "is there already" in helio(*words)[1]


def test_a_synthetic_file_in_a_folder_that_is_not_there_is_told_in_a_sentence(helio, tmp_path):
    code, said = helio("synthesize", str(tmp_path / "gone" / "m.json"), "--from", "2026-01-01", "--to", "2026-01-01")

    assert code == 1
    assert "cannot be written: No such file or directory; choose another place" in said
