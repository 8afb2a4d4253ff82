"""One home per fact: what defines a published number is written down once."""

import ast
import re
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
PACKAGES = ("include", "api", "cli", "dags", "plugins")
MIGRATIONS = REPOSITORY / "include" / "warehouse" / "migrations"
SQL = {
    path.relative_to(REPOSITORY).as_posix(): path.read_text()
    for path in (REPOSITORY / "include").rglob("*.sql")
    if not path.is_relative_to(MIGRATIONS)
}


def constants() -> dict[str, object]:
    """Constants of modules by `module.NAME`, as far as they are written as plain numbers."""
    found = {}
    for package in PACKAGES:
        for path in (REPOSITORY / package).rglob("*.py"):
            for node in ast.parse(path.read_text()).body:
                if isinstance(node, ast.AnnAssign) and isinstance(node.value, ast.Constant) and isinstance(node.target, ast.Name):
                    module = path.relative_to(REPOSITORY).with_suffix("").as_posix().replace("/", ".")
                    found[f"{module}.{node.target.id}"] = node.value.value
    return found


def test_the_coverage_of_a_complete_day_is_a_constant_of_one_module():
    nine_tenths = {name for name, value in constants().items() if value == 0.9 and "SHARE" not in name}

    assert nine_tenths == {"include.core.coverage.COMPLETE_DAY_COVERAGE"}


def test_no_sql_holds_a_coverage_of_its_own():
    assert [name for name, text in SQL.items() if re.search(r"(covered_s|completeness)\s*(>=|>|/)\s*[0-9.]", text)] == []


@pytest.mark.parametrize(
    ("fact", "pattern", "home"),
    [
        ("the energy of a plant", r"ac_power_kw[^;]*?origin = 'derived'|origin = 'derived'[^;]*?ac_power_kw", set()),
        ("the power of an inverter", r"ac_power_kw[^;]*?origin = 'measured'|origin = 'measured'[^;]*?ac_power_kw", set()),
        ("the target of a single day", r"target_kwh\s*/", set()),
        ("the performance index", r"/ nullif\([^)]*target_kwh\)", {"include/warehouse/sql/performance.sql"}),
    ],
    ids=lambda value: value if isinstance(value, str) and " " in value and "(" not in value else "",
)
def test_sql_asks_the_view_that_defines(fact: str, pattern: str, home: set[str]):
    # The migrations define the views; a roll-up writes the series of a plant and names its origin for that.
    told = {name for name, text in SQL.items() if re.search(pattern, text, re.DOTALL)} - {"include/rollups/sql/plants.sql"}

    assert told == home, fact


def divisors(tree: ast.AST) -> list[str]:
    """What is divided by, by the operator or by a function named as a ratio."""
    divisions = [node.right for node in ast.walk(tree) if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div)]
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and "ratio" in ast.unparse(node.func)]
    return [ast.unparse(node) for node in [*divisions, *(call.args[-1] for call in calls if call.args)]]


def test_no_python_divides_by_a_target():
    told = {
        path.relative_to(REPOSITORY).as_posix(): divisor
        for package in PACKAGES
        for path in (REPOSITORY / package).rglob("*.py")
        for divisor in divisors(ast.parse(path.read_text()))
        if re.search(r"target_(kwh|counted|sum|total)|\['target", divisor)
    }

    assert told == {}


def test_the_search_for_divisors_sees_both_ways_to_write_one():
    assert divisors(ast.parse("index = energy_kwh / target_kwh; other = _ratio(energy, day['target_kwh'])")) == [
        "target_kwh",
        "day['target_kwh']",
    ]
