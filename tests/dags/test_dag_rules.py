"""What holds for every DAG, one test each."""

import ast
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from cli.pools import pools
from cli.timetable import HEADINGS, headings_of
from include.core.documents import VENDOR_NAMES

pytestmark = pytest.mark.airflow

DAGS = Path(__file__).resolve().parents[2] / "dags"
VENDORS = {f"land_{vendor}" for vendor in VENDOR_NAMES}
SINGLE = {
    "acknowledge_alarm",
    "analyse_fleet",
    "analyse_on_demand",
    "approve_reports",
    "audit_rollups",
    "land_file_drops",
    "load_readings",
    "register_fleet",
    "report_plants",
    "roll_up_readings",
    "send_mail",
    "set_integration",
    "set_recipients",
    "set_reports",
    "set_targets",
    "watch_operations",
    "watch_sources",
}
EXPECTED = SINGLE | VENDORS
SHARED = set((DAGS / ".airflowignore").read_text().split())
FILES = sorted(path for path in DAGS.glob("*.py") if path.name not in SHARED)
OURS = (
    "airflow.sdk",
    "include.core",
    "dags.connections",
    "dags.dag_defaults",
    "dags.report_approval",
    "plugins.drop_watcher",
    "plugins.vendor_pace",
)


def test_each_file_holds_the_one_dag_of_its_name_save_that_of_the_vendors(dag_bag: Any) -> None:
    assert dag_bag.import_errors == {}
    assert {path.stem for path in FILES} == SINGLE | {"land_vendors"}
    assert {dag.dag_id: Path(dag.fileloc).stem for dag in dag_bag.dags.values()} == {
        **{name: name for name in SINGLE},
        **dict.fromkeys(VENDORS, "land_vendors"),
    }


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_a_dag_says_what_it_does_reads_writes_and_what_to_do_if_it_fails(dag_bag: Any, name: str) -> None:
    said = headings_of(dag_bag.dags[name].doc_md)

    assert tuple(said) == HEADINGS
    assert all(len(text) > 10 for text in said.values())


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_a_dag_is_tagged_owned_never_catches_up_and_a_run_that_hangs_keeps_no_other_away(dag_bag: Any, name: str) -> None:
    dag = dag_bag.dags[name]

    assert len(dag.tags) >= 2
    assert dag.owner == "heliograph"
    assert dag.catchup is False
    # A run that waits for a person holds no worker, and lasts for days.
    assert dag.max_active_runs == (64 if name == "approve_reports" else 4)
    assert dag.start_date.isoformat() == "2026-01-01T00:00:00+00:00"


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_every_task_has_an_end_retries_by_recovery_and_a_pool_that_exists(dag_bag: Any, name: str) -> None:
    known = set(pools()) | {"default_pool"}

    for task in dag_bag.dags[name].tasks:
        policy = task.partial_kwargs["retry_policy"] if task.is_mapped else task.retry_policy
        timeout = task.partial_kwargs["execution_timeout"] if task.is_mapped else task.execution_timeout

        assert type(policy).__name__ == "RetryByError"
        # The work list asks again by itself; retries would keep the run open.
        assert task.retries == (0 if task.task_id in {"pull", "send", "conclude"} else 1)
        assert (task.partial_kwargs["retry_delay"] if task.is_mapped else task.retry_delay).total_seconds() == 30
        assert timeout.total_seconds() <= 7200
        assert task.pool in known


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_a_dag_survives_being_stored(dag_bag: Any, name: str) -> None:
    from airflow.serialization.serialized_objects import DagSerialization

    stored = DagSerialization.to_dict(dag_bag.dags[name])
    read_back = DagSerialization.from_dict(json.loads(json.dumps(stored)))

    assert read_back.dag_id == name
    assert {task.task_id for task in read_back.tasks} == {task.task_id for task in dag_bag.dags[name].tasks}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_dag_file_is_short_and_imports_at_its_top_only_what_is_light(path: Path) -> None:
    tree = ast.parse(path.read_text())
    imported = [node.module or "" for node in tree.body if isinstance(node, ast.ImportFrom)]
    imported += [alias.name for node in tree.body if isinstance(node, ast.Import) for alias in node.names]

    strange = [name for name in imported if name.split(".")[0] not in sys.stdlib_module_names and not name.startswith(OURS)]

    assert strange == []
    assert len(path.read_text().splitlines()) <= 80


def test_no_dag_file_asks_for_dates_that_some_runs_do_not_have() -> None:
    for path in DAGS.glob("*.py"):
        names = {node.value for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Constant)}
        names |= {node.attr for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Attribute)}

        assert not names & {"ds", "logical_date", "ts", "execution_date"}, path.name


def test_all_dags_parse_in_half_the_time_that_airflow_itself_takes_and_load_nothing_heavy(new_airflow: dict[str, str]) -> None:
    script = (
        "import sys, time, airflow.sdk, airflow.triggers.base\n"
        "loaded, before = set(sys.modules), time.process_time()\n"
        "from cli.timetable import load_dags\n"
        "load_dags()\n"
        "heavy = {'pandas', 'numpy', 'sqlalchemy.orm', 'great_expectations', 'fpdf', 'psycopg2'} & set(sys.modules)\n"
        "ours = sorted(m for m in sys.modules if m.startswith('include.') and not m.startswith('include.core'))\n"
        "print((time.process_time() - before) / before, sorted(heavy - loaded), ours)\n"
    )

    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", script],
        env={"PATH": "/usr/bin:/bin", **new_airflow},
        capture_output=True,
        text=True,
        check=True,
    )

    share, _, rest = done.stdout.strip().splitlines()[-1].partition(" ")
    assert float(share) < 0.5
    assert rest == "[] []"


def test_the_timetable_page_is_the_one_that_the_dags_write() -> None:
    from cli.timetable import PAGE, load_dags, page

    assert PAGE.read_text(encoding="utf-8") == page(load_dags()), "run `python -m cli.timetable`"
