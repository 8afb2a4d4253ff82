import json
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from bench.__main__ import figures_of, programs

ROOT = Path(__file__).resolve().parents[2]
FIGURES = {
    "bench.api": ["hot_p50_ratio", "cold_rps_ratio", "p99_ms_32"],
    "bench.detect": ["f1", "precision", "recall", "recall_derate_5pct", "lost_kwh_found", "alerts_per_inverter_month"],
    "bench.forecast": ["nmae", "nmae_daytime", "skill_vs_clear_sky", "skill_vs_mean_14d"],
    "bench.quality": ["precision", "recall", "marked_unlabelled"],
    "bench.documents": ["cpu_ms_small", "cpu_ms_large"],
    "bench.drops": ["landed_s", "second_look_s"],
    "bench.load": ["copy_ratio", "flat_form_copy_ratio", "database_copy_ratio", "dlt_ratio", "peak_mb"],
    "bench.rollup": ["cpu_s_per_million", "copy_ratio", "flat_ratio", "late_day_ms"],
}


def python(code):
    return [sys.executable, "-c", code]


def test_the_benchmarks_that_have_figures_to_hold_are_among_those_that_run():
    assert set(FIGURES) | {"bench.vendor_capacity", "bench.hostile"} <= set(programs())
    assert not {"bench.cluster", "bench.load_dlt", "bench.__main__", "bench.bare_route", "bench.hourly_series"} & set(programs())


@pytest.mark.parametrize("program", programs())
def test_a_benchmark_says_which_figures_its_last_line_holds(program):
    told = " ".join((import_module(program).__doc__ or "").split())

    assert "last line is one JSON object" in told
    assert [name for name in FIGURES.get(program, ()) if f"`{name}`" not in told] == []


def test_figures_are_those_of_the_last_line_and_everything_is_shown(capsys):
    found = figures_of(python("print('a table'); print('{\"landed_s\": 1.5}'); print()"))

    assert found == {"landed_s": 1.5}
    assert capsys.readouterr().out == 'a table\n{"landed_s": 1.5}\n\n'


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("print('{\"a\": 1}'); raise SystemExit(3)", "it ended with 3"),
        ("print('no figures')", "its last line is no JSON object"),
        ("print('[1]')", "its last line is no JSON object"),
        ("pass", "its last line is no JSON object"),
    ],
)
def test_a_benchmark_that_fails_says_so_in_place_of_figures(code, error):
    assert figures_of(python(code)) == {"error": error}


def test_one_that_fails_holds_back_no_other_and_is_told_by_the_exit_code(monkeypatch, capsys):
    from bench import __main__ as bench

    told = iter([{"error": "it ended with 1"}, {"late_day_ms": 9.0}])
    monkeypatch.setattr(bench, "programs", lambda: ["bench.broken", "bench.whole"])
    monkeypatch.setattr(bench, "figures_of", lambda _: next(told))

    assert bench.main() == 1
    last = capsys.readouterr().out.splitlines()[-1]
    assert json.loads(last) == {"bench.broken": {"error": "it ended with 1"}, "bench.whole": {"late_day_ms": 9.0}}


def test_a_benchmark_ends_with_its_figures():
    command = [sys.executable, "-m", "bench.vendor_capacity", "--vendors", "deye", "--fleets", "1x2"]
    printed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout

    figures = json.loads(printed.splitlines()[-1])

    assert figures["deye"]["1 / 2"]["calls_a_day"] > 100
    assert 0 < figures["deye"]["1 / 2"]["fullest_share"] < 1
    assert 2 * 288 < figures["deye"]["1 / 2"]["documents_a_day"] < figures["deye"]["1 / 2"]["calls_a_day"]
    # Two inverters tell 288 frames of three closed days, and 288 snapshots each and of their plant.
    assert figures["deye"]["1 / 2"]["rows_a_day"] == pytest.approx(3 * 288 * 3 + 288 * 3, rel=0.1)
