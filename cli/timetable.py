"""Writes the operator's timetable, `docs/dags.md`, from the DAGs themselves: `python -m cli.timetable`."""

import importlib
import os
import re
import tempfile
from pathlib import Path
from typing import Any, Final

REPOSITORY: Final = Path(__file__).resolve().parents[1]
PAGE: Final = REPOSITORY / "docs" / "dags.md"
DAGS: Final = REPOSITORY / "dags"
SHARED: Final = frozenset((DAGS / ".airflowignore").read_text(encoding="utf-8").split())
"""Files in which Airflow finds no DAG."""
FILES: Final = tuple(sorted(path.stem for path in DAGS.glob("*.py") if path.name not in SHARED))
HEADINGS: Final = ("What", "Reads", "Writes", "If it fails")

_INTRODUCTION: Final = """# The timetable

<!-- Written by `python -m cli.timetable` from the DAGs; change those. -->

Every DAG is safe to repeat at any time. An asset only wakes a DAG early: its work list is a table, and the clock finds what no
event announced. A plain clear or a new run is therefore always the right way to try again.

A task that fails with `NeedsHuman`, `BadDocument` or `Refused` fails at once: only a person can change that. Anything else is
tried once more after half a minute; then the next run takes over, and up to four runs of a DAG may be at work. Where something
failed while the rest was done, the last task, `conclude`, makes the run red with one sentence for each; the rest has woken the
next DAG.
"""


def load_dags() -> dict[str, Any]:
    """All DAGs by name: what a file made at its top level, else what its function makes."""
    from airflow.sdk import DAG

    found = {}
    for name in FILES:
        module = importlib.import_module(f"dags.{name}")
        made = [thing for thing in vars(module).values() if isinstance(thing, DAG)] or [getattr(module, name)()]
        found |= {dag.dag_id: dag for dag in made}
    return dict(sorted(found.items()))


def headings_of(doc_md: str) -> dict[str, str]:
    """Paragraphs of a DAG's page that begin with a bold heading, each on one line."""
    found = re.findall(r"^\*\*([^*:]+):\*\*\s+(.+?)(?=\n\s*\n|\Z)", doc_md, re.MULTILINE | re.DOTALL)
    return {heading: " ".join(text.split()) for heading, text in found}


def page(dags: dict[str, Any]) -> str:
    """The whole page in Markdown."""
    overview = ["| DAG | when | does |", "|---|---|---|"]
    overview += [f"| [`{name}`](#{name}) | {when(dag)} | {_title(dag)} |" for name, dag in dags.items()]
    return "\n".join([_INTRODUCTION, *overview, *(_section(name, dag) for name, dag in dags.items())]) + "\n"


def when(dag: Any) -> str:  # noqa: ANN401 - a DAG of Airflow
    """Schedule of a DAG in words."""
    timetable = dag.timetable
    if not dag.schedule:
        return "by hand"
    clock = getattr(timetable, "timetable", timetable)
    by_clock = f"`{clock.expression}` {clock.timezone}"
    if timetable is clock:
        return by_clock
    assets = ", ".join(f"`{asset.name}`" for asset in timetable.asset_condition.objects)
    return f"when {assets} changed, and {by_clock}"


def _title(dag: Any) -> str:  # noqa: ANN401
    return str(dag.doc_md.strip().split("\n", 1)[0])


def _section(name: str, dag: Any) -> str:  # noqa: ANN401
    said = headings_of(dag.doc_md)
    pools = sorted({task.pool for task in dag.tasks} - {"default_pool"})
    lines = [f"\n## {name}\n", f"{_title(dag)}\n", f"- **When:** {when(dag)}"]
    lines += [f"- **{heading}:** {said[heading]}" for heading in HEADINGS]
    lines += [f"- **Pools:** {', '.join(f'`{pool}`' for pool in pools)}"] if pools else []
    return "\n".join(lines + _form(dag))


def _form(dag: Any) -> list[str]:  # noqa: ANN401
    fields = {name: dag.params.get_param(name) for name in dag.params}
    if not fields:
        return []
    rows = [f"| `{name}` | {_values(field.schema)} | {_meaning(field)} |" for name, field in fields.items()]
    return ["\nForm:\n", "| field | values | meaning |", "|---|---|---|", *rows]


def _values(schema: dict[str, Any]) -> str:
    if "enum" in schema:
        return ", ".join(f"`{value}`" for value in schema["enum"] if value is not None)
    types = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    kind = next(name for name in types if name != "null")
    bounds = [f"{word} {schema[key]}" for word, key in (("from", "minimum"), ("to", "maximum")) if key in schema]
    return " ".join([schema.get("format", kind), *bounds])


def _meaning(field: Any) -> str:  # noqa: ANN401 - a Param of Airflow
    title, description = field.schema.get("title", ""), field.description or ""
    return f"{title}. {description}".strip()


def main() -> None:
    """Rewrite the page."""
    os.environ.setdefault("AIRFLOW_HOME", tempfile.mkdtemp(prefix="heliograph-airflow-"))
    PAGE.write_text(page(load_dags()), encoding="utf-8")


if __name__ == "__main__":
    main()
