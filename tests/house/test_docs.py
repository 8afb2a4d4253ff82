"""The documentation names what is there, and all of it."""

import re
from dataclasses import fields
from pathlib import Path
from urllib.parse import unquote

import pytest
import typer

from include.core.documents import FEEDS, VENDOR_NAMES
from include.core.quantities import QUANTITIES
from include.core.settings import Settings
from include.quality.rules import RULES
from include.sources.drops.registry_fields import ALIASES, DEVICE_KINDS
from include.sources.formats.numbers import NO_READING, SENTINELS
from sandbox.calls import ALL
from sandbox.fault_kinds import KINDS

REPOSITORY = Path(__file__).resolve().parents[2]
PAGES = sorted([*REPOSITORY.glob("*.md"), *REPOSITORY.glob("docs/**/*.md"), REPOSITORY / "samples" / "README.md"])
DECISIONS = sorted(REPOSITORY.glob("docs/decisions/*.md"))
ROOMS = ("api", "bench", "cli", "dags", "docs", "include", "plugins", "samples", "sandbox", "tests")
SCHEMAS = ("fleet", "landing", "mart", "ops", "access", "api")
MIGRATIONS = "\n".join(
    path.read_text(encoding="utf-8") for path in sorted(REPOSITORY.glob("include/warehouse/migrations/sql/*.sql"))
)


def page(name: str) -> str:
    return (REPOSITORY / name).read_text(encoding="utf-8")


def name_of(path: Path) -> str:
    return str(path.relative_to(REPOSITORY))


def quoted(text: str) -> list[str]:
    """What stands between back-quotes outside code blocks."""
    return re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL))


def anchors(path: Path) -> set[str]:
    """Anchors of the headings of a page, as they are made from their words."""
    headings = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def api_paths() -> set[str]:
    """Paths of the API below its prefix, with every id written as `{id}`."""
    from api.main import PREFIX
    from tests.openapi_document import openapi_document

    return {re.sub(r"\{\w+\}", "{id}", path.removeprefix(PREFIX)) for path in openapi_document()["paths"]}


def documented_paths() -> set[str]:
    text = page("docs/api.md")
    table = {word.partition("?")[0] for word in quoted(text) if word.startswith("/") and not word.startswith("/api/")}
    return table | set(re.findall(r"/api/v1(/auth/[\w-]+)", text))


def commands() -> set[str]:
    """Words after `helio` of every command."""
    from cli.main import app

    root = typer.main.get_command(app)
    assert hasattr(root, "commands")
    found = set()
    for name, command in root.commands.items():
        below = getattr(command, "commands", None)
        found |= {f"{name} {sub}" for sub in below} if below else {name}
    return found


def said_commands(text: str) -> set[str]:
    """Commands of helio that a page tells people to type; a noun with its verb."""
    typed = re.findall(r"(?:^|[`$ /])helio ([a-z][a-z-]*)(?: ([a-z][a-z-]*))?", text, re.MULTILINE)
    nouns = {command.split()[0] for command in commands() if " " in command}
    return {f"{first} {second}" if first in nouns else first for first, second in typed}


def tables() -> dict[str, list[str]]:
    """Columns of each table that the migrations create, by their newest names, partitions left out."""
    found = {}
    for name, body in re.findall(r"^CREATE TABLE (\w+\.\w+) \(\n(.*?)^\)", MIGRATIONS, re.MULTILINE | re.DOTALL):
        lines = [line.split() for line in body.splitlines() if re.match(r"    \w", line)]
        found[name] = [line[0] for line in lines if line[0].islower()]
    for name, old, new in re.findall(r"^ALTER TABLE (\w+\.\w+) RENAME COLUMN (\w+) TO (\w+);", MIGRATIONS, re.MULTILINE):
        found[name] = [new if column == old else column for column in found[name]]
    for name, gone in re.findall(r"^ALTER TABLE (\w+\.\w+) DROP COLUMN (\w+);", MIGRATIONS, re.MULTILINE):
        found[name] = [column for column in found[name] if column != gone]
    return found


def relations() -> set[str]:
    return set(re.findall(r"CREATE (?:OR REPLACE )?(?:TABLE|VIEW|FUNCTION) (?:IF NOT EXISTS )?(\w+\.\w+)", MIGRATIONS))


@pytest.mark.parametrize("path", PAGES, ids=name_of)
def test_every_relative_link_leads_somewhere(path):
    text = path.read_text(encoding="utf-8")

    targets = [unquote(target) for target in re.findall(r"\]\(([^)\s]+)\)", text) if not re.match(r"https?:|mailto:", target)]

    for target in targets:
        file, _, anchor = target.partition("#")
        there = (path.parent / file).resolve() if file else path
        assert there.exists(), f"{name_of(path)} links to {target}, which does not exist"
        assert not anchor or anchor in anchors(there), f"{name_of(path)} links to {target}, but there is no such heading"


@pytest.mark.parametrize("path", PAGES, ids=name_of)
def test_every_file_that_a_page_names_exists(path):
    written = [word for word in quoted(path.read_text(encoding="utf-8")) if re.fullmatch(r"[\w./-]+", word)]
    named = [word for word in written if word.split("/")[0] in ROOMS and "/" in word]

    missing = [word for word in named if not (REPOSITORY / word).exists()]

    assert missing == []


@pytest.mark.parametrize("path", PAGES, ids=name_of)
def test_every_table_view_or_function_that_a_page_names_exists(path):
    words = [word for word in quoted(path.read_text(encoding="utf-8")) if re.fullmatch(rf"({'|'.join(SCHEMAS)})\.\w+", word)]

    assert set(words) <= relations()


@pytest.mark.parametrize("path", PAGES, ids=name_of)
def test_every_variable_that_a_page_names_exists(path):
    known = {f"HELIOGRAPH_{entry.name.upper()}" for entry in fields(Settings)}
    known |= set(re.findall(r"HELIOGRAPH_\w+", page("docker-compose.yaml")))

    named = set(re.findall(r"HELIOGRAPH_[A-Z_]*[A-Z]", path.read_text(encoding="utf-8")))

    assert named <= known


@pytest.mark.parametrize("path", PAGES, ids=name_of)
def test_every_command_that_a_page_names_exists(path):
    text = path.read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", page("Makefile"), re.MULTILINE))

    typed = set(re.findall(r"(?:`|^\$ )make ([a-z-]+)", text, re.MULTILINE))

    assert typed <= targets
    assert said_commands(text) <= commands()


def test_every_command_is_documented():
    everything = "\n".join(path.read_text(encoding="utf-8") for path in PAGES if path.name != "CHANGELOG.md")

    assert commands() <= said_commands(everything)


def test_every_setting_is_documented():
    names = {f"`HELIOGRAPH_{entry.name.upper()}`" for entry in fields(Settings)}

    missing = {name for name in names if name not in page("docs/operations.md")}

    assert missing == set()


def test_every_dag_is_documented_and_every_documented_dag_exists():
    dags = {path.stem for path in REPOSITORY.glob("dags/*.py")} - {
        "connections",
        "dag_defaults",
        "land_vendors",
        "report_approval",
    }
    dags |= {f"land_{vendor}" for vendor in VENDOR_NAMES}

    documented = set(re.findall(r"^## (\w+)$", page("docs/dags.md"), re.MULTILINE))

    assert documented == dags
    assert dags <= set(re.findall(r"\w+", page("README.md") + page("docs/operations.md")))


def test_every_path_of_the_api_is_documented_and_every_documented_path_exists():
    assert documented_paths() == api_paths()


def test_every_feed_has_its_section():
    sections = anchors(REPOSITORY / "docs" / "feeds.md")

    assert set(FEEDS) <= sections


def test_every_column_of_the_registry_is_documented_with_its_other_names():
    words = set(quoted(page("docs/feeds.md")))

    assert set(ALIASES) | set(DEVICE_KINDS) <= words


def test_every_value_that_says_no_reading_is_documented():
    text = page("docs/feeds.md")

    assert all(f"`{word}`" in text for word in NO_READING - {""})
    assert all(re.search(rf"(?<![\d.]){re.escape(f'{number:.10g}')}(?![\d])", text) for number in SENTINELS)


def test_every_rule_and_quantity_is_documented():
    words = set(quoted(page("docs/data-model.md")))

    assert set(RULES) | set(QUANTITIES) <= words


def test_every_fault_of_the_vendors_clouds_has_a_row_with_its_vendors_and_its_tests():
    table = page("docs/vendors.md").partition("## Faults and reactions")[2].partition("\n## ")[0]
    rows = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in table.splitlines() if line.startswith("| `")]

    vendors = {row[0].strip("`| "): row[2].lower() for row in rows}

    assert vendors == {kind.name: "all" if kind.vendors == ALL else ", ".join(kind.vendors) for kind in KINDS.values()}
    assert all(len(row) == 5 and row[4].strip("| ") for row in rows)


@pytest.mark.parametrize("path", PAGES, ids=name_of)
def test_every_test_that_a_page_names_exists(path):
    named = re.findall(r"`(?:[\w/]+/)?(\w+\.py)::(test_\w+)`", path.read_text(encoding="utf-8"))

    for file, name in named:
        found = [test for test in REPOSITORY.glob(f"tests/**/{file}") if f"def {name}(" in test.read_text(encoding="utf-8")]
        assert found, f"{name_of(path)} names {file}::{name}, which does not exist"


def test_every_table_is_documented_with_all_its_columns():
    text = page("docs/data-model.md")
    words = set(quoted(text))

    for table, columns in tables().items():
        row = next((line for line in text.splitlines() if line.startswith(f"| `{table}` |")), "")
        assert row, f"{table} has no line in docs/data-model.md"
        missing = [column for column in columns if column not in (words if table == "mart.rollup" else quoted(row))]
        assert missing == [], f"{table}: {missing}"


def test_the_schema_is_read_from_the_migrations():
    found = tables()

    assert found["fleet.tariff"] == ["plant_id", "valid_from", "tenant_id", "price_per_kwh", "currency"]
    assert {"mart.reading", "mart.rollup", "ops.outbox", "landing.load"} <= found.keys()


@pytest.mark.parametrize("path", DECISIONS, ids=name_of)
def test_a_decision_says_context_decision_and_price(path):
    text = path.read_text(encoding="utf-8")

    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)

    assert re.fullmatch(rf"{path.name[:4]}: .+", headings[0])
    assert headings[1:] == ["Context", "Decision", "Price"]


def test_decisions_are_numbered_without_a_gap():
    numbers = [int(path.name[:4]) for path in DECISIONS]

    assert numbers == list(range(1, len(numbers) + 1))
    assert len(numbers) >= 9


def test_pictures_are_small():
    assert all(path.stat().st_size <= 200_000 for path in REPOSITORY.glob("docs/images/*"))
