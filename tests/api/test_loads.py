"""What a run of Airflow loaded, and what of a plant is set aside."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from urllib.parse import quote

import pytest
from sqlalchemy import Connection, text

from include.warehouse.engine import transaction

pytestmark = pytest.mark.postgres

RUN = "scheduled__2026-11-21T14:45:00+00:00"
AT = datetime(2026, 11, 21, 14, 46, tzinfo=UTC)


@pytest.fixture(scope="module")
def loaded(stage) -> Iterator[dict[str, int]]:
    """Two documents of `east` and one of `west` that runs of the same id loaded; the first was loaded before, too."""
    with transaction(stage.url) as connection:
        found = {name: a_document(connection, tenant, name) for name, tenant in (
            ("first", stage.east), ("second", stage.east), ("theirs", stage.west),
        )}  # fmt: skip
        a_load(connection, stage.east, found["first"], "earlier", inserted=5)
        a_load(
            connection,
            stage.east,
            found["first"],
            RUN,
            inserted=7,
            updated=2,
            reasons='{"within_limits": 3}',
            plants=[stage.east.plant_id],
        )
        a_load(connection, stage.east, found["second"], RUN, inserted=1, reasons='{"within_limits": 1, "time_known": 2}')
        a_load(connection, stage.west, found["theirs"], RUN, inserted=100, plants=[stage.west.plant_id])
        a_load(connection, stage.east, found["second"], "later", inserted=1)
        for row_number, rules in ((1, "{within_limits}"), (2, "{within_limits,time_known}"), (3, "{within_limits}")):
            connection.execute(
                text(
                    "INSERT INTO landing.quarantine (document_id, row_number, quantity, tenant_id, subject, broken_rules, "
                    "payload) VALUES (:d, :n, 'ac_power_kw', :t, :key, CAST(:rules AS text[]), "
                    "jsonb_build_object('measured_at', CAST(:at AS text)))"
                ),
                {"d": found["second"], "n": row_number, "t": stage.east.tenant_id, "rules": rules,
                 "key": "east" if row_number < 3 else "of nobody", "at": f"2026-11-21T1{row_number}:00:00+00:00"},
            )  # fmt: skip
    yield found
    with transaction(stage.url) as connection:
        for table in ("quarantine", "load", "document"):
            gone = text(f"DELETE FROM landing.{table} WHERE document_id = ANY (:ids)")
            connection.execute(gone, {"ids": list(found.values())})


def a_document(connection: Connection, tenant, name: str) -> int:
    return connection.execute(
        text(
            "INSERT INTO landing.document (tenant_id, feed, original_name, sha256, uri, size_bytes, stored_bytes, state, "
            "received_at, last_received_at) VALUES (:t, 'logger_exports', :name, md5(:name) || md5(:name), 'd', 1, 1, 'loaded', "
            ":at, :at) RETURNING document_id"
        ),
        {"t": tenant.tenant_id, "name": f"{tenant.slug} {name}.csv", "at": AT},
    ).scalar_one()


def a_load(
    connection: Connection, tenant, document_id: int, run_id: str, *, inserted: int, updated: int = 0, reasons: str = "{}",
    plants: list[int] | None = None,
) -> None:  # fmt: skip
    quarantined = sum(map(int, filter(str.isdigit, reasons.replace("}", " ").replace(",", " ").split())))
    connection.execute(
        text(
            "INSERT INTO landing.load (document_id, tenant_id, loaded_at, run_id, code_version, parsed_rows, inserted_rows, "
            "updated_rows, unchanged_rows, duplicate_rows, quarantined_rows, missing_values, quarantine_reasons, plant_ids) "
            "VALUES (:d, :t, :at, :run, '1', :i + :u + :q, :i, :u, 0, 0, :q, 0, CAST(:reasons AS jsonb), :plants)"
        ),
        {"d": document_id, "t": tenant.tenant_id, "at": AT, "run": run_id, "i": inserted, "u": updated, "q": quarantined,
         "reasons": reasons, "plants": plants},
    )  # fmt: skip


@pytest.fixture
def ask(stage, client, loaded) -> Callable[[str], dict]:
    def get(path: str, role: str = "admin") -> dict:
        answer = client.get(path, stage.headers(stage.east, role))
        assert answer.status_code == 200, answer.text
        return answer.json()

    return get


def test_a_run_says_what_its_loads_did_together(stage, ask):
    told = ask(f"/loads/summary?run_id={quote(RUN)}")["data"]

    assert {name: told[name] for name in ("documents", "inserted_rows", "updated_rows", "quarantined_rows", "parsed_rows")} == {
        "documents": 2, "inserted_rows": 8, "updated_rows": 2, "quarantined_rows": 6, "parsed_rows": 16,
    }  # fmt: skip
    assert told["quarantine_reasons"] == {"within_limits": 4, "time_known": 2}
    assert told["plants"] == [{"plant_id": stage.east.plant_id, "name": "east"}]
    assert (told["feeds"], told["unnoted_loads"]) == (["logger_exports"], 1)


def test_a_run_that_loaded_nothing_says_so(ask):
    told = ask("/loads/summary?run_id=manual__2026-11-21T00:00:00%2B00:00")["data"]

    assert (told["documents"], told["inserted_rows"], told["plants"], told["quarantine_reasons"]) == (0, 0, [], {})
    assert told["first_loaded_at"] is told["last_measured_at"] is None


def test_loads_of_a_run_are_those_of_the_run_also_where_a_document_was_loaded_again_since(ask, loaded):
    rows = ask(f"/loads?run_id={quote(RUN)}")["data"]

    assert [row["document_id"] for row in rows] == [loaded["second"], loaded["first"]]
    assert [row["plant_ids"] is None for row in rows] == [True, False]


def test_loads_of_a_document_are_told_page_by_page_the_newest_first(ask, loaded):
    first = ask(f"/loads?document_id={loaded['second']}&limit=1")
    second = ask(f"/loads?document_id={loaded['second']}&limit=1&cursor={first['next']}")

    assert [page["data"][0]["run_id"] for page in (first, second)] == ["later", RUN]
    assert second["next"] is None


def test_documents_of_a_run_are_those_that_it_loaded_with_the_counts_of_their_newest_load(ask, loaded):
    rows = ask(f"/documents?run_id={quote(RUN)}")["data"]

    assert {row["document_id"]: row["run_id"] for row in rows} == {loaded["first"]: RUN, loaded["second"]: "later"}


def test_what_of_a_plant_is_set_aside_is_counted_by_document_device_and_rule_for_all(stage, ask, loaded):
    told = ask(f"/plants/{stage.east.plant_id}/quarantine", role="client")

    groups = {(row["document_id"], row["rule"]): row for row in told["data"]}
    assert {key: row["rows"] for key, row in groups.items() if key[0] == loaded["second"]} == {
        (loaded["second"], "within_limits"): 2, (loaded["second"], "time_known"): 1,
    }  # fmt: skip
    both = groups[loaded["second"], "within_limits"]
    assert (both["device_id"], both["quantities"]) == (stage.east.device_id, ["ac_power_kw"])
    assert datetime.fromisoformat(both["first_measured_at"]) == datetime(2026, 11, 21, 11, tzinfo=UTC)
    assert told["data"][0]["document_id"] == loaded["second"]  # the newest first
    assert "payload" not in str(told)


def test_what_of_a_plant_is_set_aside_is_told_page_by_page(stage, ask):
    path = f"/plants/{stage.east.plant_id}/quarantine"
    whole = ask(path)["data"]

    paged, cursor = [], ""
    while cursor is not None:
        page = ask(f"{path}?limit=1{cursor and f'&cursor={cursor}'}")
        paged += page["data"]
        cursor = page["next"]

    assert len(whole) == 4  # of each of the two documents two rules
    assert paged == whole
