"""The process of `tests.dags.stage`: reads scenes from its input, a line of JSON each, and answers with `PLAYED` and JSON."""

import json
import sys
import types

from airflow.dag_processing.bundles.manager import DagBundlesManager
from airflow.dag_processing.dagbag import DagBag, sync_bag_to_db
from airflow.models.asset import AssetEvent, AssetModel
from airflow.utils.db import initdb
from airflow.utils.session import create_session
from sqlalchemy import func, select


def read_dags() -> DagBag:
    initdb()
    bag = DagBag(dag_folder=sys.argv[1])
    assert not bag.import_errors, bag.import_errors
    DagBundlesManager().sync_bundles_to_db()
    sync_bag_to_db(bag, "dags-folder", None)
    return bag


def step(name, **functions):
    """Put functions in the place of a step."""
    module = types.ModuleType(f"include.steps.{name}")
    vars(module).update(functions)
    sys.modules[module.__name__] = module


def run(bag, name, conf, prepare):
    """Run a DAG to its end: its state, the states of its tasks, the assets that it woke."""
    with create_session() as session:
        last = session.scalar(select(func.max(AssetEvent.id))) or 0
    dag = DagBag(dag_folder=bag.dags[name].fileloc).get_dag(name)  # read anew, as a worker does
    prepare(dag)
    ended = dag.test(run_conf=conf or None)
    with create_session() as session:
        woken = select(AssetModel.name).join(AssetEvent, AssetEvent.asset_id == AssetModel.id).where(AssetEvent.id > last)
        events = sorted(session.scalars(woken))
    tasks = {t.task_id + ("" if t.map_index < 0 else str(t.map_index)): t.state for t in ended.get_task_instances()}
    return {"state": ended.state, "tasks": tasks, "events": events}


def play(bag, scene, runs):
    room = {"step": step, "calls": [], "prepare": lambda dag: None}
    exec(scene, room)
    ended = [run(bag, name, conf, room["prepare"]) for name, conf in runs]
    return {"runs": ended, "calls": room["calls"]}


if __name__ == "__main__":
    dags = read_dags()
    for line in sys.stdin:
        print("PLAYED", json.dumps(play(dags, **json.loads(line)), default=str), flush=True)
