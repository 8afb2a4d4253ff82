"""Answers from memory: given while they hold, and not a moment longer."""

import asyncio
import contextlib
import threading
from collections.abc import Iterator
from datetime import timedelta

import psycopg2
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text

from include.warehouse.admission_session import AdmissionSession
from include.warehouse.api_admission import Admissions
from include.warehouse.api_session import CurrentUser, UserNotAdmitted
from include.warehouse.engine import transaction

pytestmark = pytest.mark.postgres

LISTS = ("/plants", "/devices", "/series?limit=2", "/customers", "/reports", "/plants/{plant_id}", "/consumption?month=2026-10")
HISTORIES = (
    "/series/{series_id}/rollups?grain=hour&from=2026-11-20", "/series/{series_id}/rollups?grain=minute&from=2026-11-20",
    "/series/{series_id}/readings?from=2026-11-20&limit=5", "/series/{series_id}/readings", "/plants/{plant_id}/energy?grain=day",
    "/plants/{plant_id}/devices/rollups?grain=day", "/plants/{plant_id}/performance", "/plants/{plant_id}/peak-power",
    "/plants/{plant_id}/energy-check", "/plants/{plant_id}/counter-days", "/plants/{plant_id}/alarms",
)  # fmt: skip


class Served:
    """The app as it is served, with its clock; what is asked of the routes is counted."""

    def __init__(self, stage, http: TestClient, moved: dict) -> None:
        self._stage, self.http, self._moved = stage, http, moved
        self.app = http.app
        self.sessions = 0
        database = self.app.state.heliograph.database
        as_user = database.as_user

        def counted(user):
            self.sessions += 1
            return as_user(user)

        database.as_user = counted

    def get(self, path: str, tenant=None, *, role: str = "client", **headers: str):
        tenant = tenant or self._stage.east
        user = CurrentUser(tenant.users[role], tenant.tenant_id, 1)
        token = self.app.state.heliograph.tokens.issue(user, now=self._moved["now"])
        headers = {"Authorization": f"Bearer {token}"} | headers
        return self.http.get("/api/v1" + path.format(**tenant.ids()), headers=headers)

    def is_hot(self, path: str, tenant=None, **headers: str) -> bool:
        before = self.sessions
        assert self.get(path, tenant, **headers).status_code in {200, 304}
        return self.sessions == before

    def forget(self) -> None:
        """As at the start."""
        self.app.state.heliograph.answers.__init__()
        self._moved["now"], self.sessions = self._stage.now, 0

    def pass_time(self, **time: float) -> None:
        self._moved["now"] += timedelta(**time)


@pytest.fixture(scope="module")
def serving(stage) -> Iterator[Served]:
    moved = {"now": stage.now}
    app = stage.new_app(clock=lambda: moved["now"])
    with TestClient(app, client=("192.0.2.1", 50_000)) as http:
        yield Served(stage, http, moved)


@pytest.fixture
def served(serving, stage) -> Iterator[Served]:
    yield serving
    rename(stage, stage.east, "east")
    serving.forget()


def write(stage, sql: str, **values: object) -> None:
    with transaction(stage.url) as connection:
        connection.execute(text(sql), values)


def rename(stage, tenant, name: str) -> None:
    write(stage, "UPDATE fleet.plant SET name = :n WHERE plant_id = :p", n=name, p=tenant.plant_id)


@pytest.mark.parametrize("path", LISTS + HISTORIES)
def test_what_was_answered_is_answered_again_without_opening_the_tenant(served, path):
    first, again = served.get(path), served.get(path)

    assert served.sessions == 1
    assert (again.status_code, again.content) == (200, first.content)
    for header in ("etag", "link", "content-type", "cache-control", "vary", "content-security-policy"):
        assert again.headers.get(header) == first.headers.get(header)


def test_the_fleet_is_remembered_until_its_minute_ends_or_its_data_change(served, stage):
    first = served.get("/fleet")
    served.pass_time(seconds=59)
    assert served.is_hot("/fleet")
    assert served.get("/fleet").content == first.content

    rename(stage, stage.east, "renamed east")
    assert served.get("/fleet").json()["data"][0]["name"] == "renamed east"
    assert served.is_hot("/fleet")

    served.pass_time(seconds=1)
    assert not served.is_hot("/fleet")
    assert served.get("/fleet").json()["as_of"] > first.json()["as_of"]


def test_a_change_of_the_tenant_is_seen_at_once_and_one_of_another_tenant_leaves_it_hot(served, stage):
    served.get("/plants")
    rename(stage, stage.west, "west again")
    assert served.is_hot("/plants")

    rename(stage, stage.east, "renamed east")
    answer = served.get("/plants")

    assert answer.json()["data"][0]["name"] == "renamed east"
    assert served.is_hot("/plants")


def test_a_change_that_is_undone_leaves_it_hot(served, stage):
    served.get("/plants")
    with contextlib.suppress(ZeroDivisionError), transaction(stage.url) as connection:
        connection.execute(text("UPDATE fleet.plant SET name = 'never'"))
        raise ZeroDivisionError

    assert served.is_hot("/plants")


def test_a_user_who_is_shut_gets_nothing_from_memory(served, stage):
    served.get("/plants")
    user = {"u": stage.east.users["client"]}
    write(stage, "UPDATE fleet.app_user SET is_active = false WHERE user_id = :u", **user)
    refused = served.get("/plants")
    write(stage, "UPDATE fleet.app_user SET is_active = true WHERE user_id = :u", **user)

    assert refused.status_code == 401
    assert served.get("/plants").status_code == 200


def test_what_only_admins_read_is_not_given_to_others_from_memory(served):
    assert served.get("/documents", role="admin").status_code == 200
    assert served.get("/documents").status_code == 403
    sessions = served.sessions
    assert served.get("/documents", role="admin").status_code == 200
    assert served.sessions == sessions


def test_tenants_who_ask_the_same_get_each_their_own(served, stage):
    for _ in range(2):
        for tenant in (stage.east, stage.west):
            assert served.get("/plants", tenant).json()["data"][0]["plant_key"] == tenant.slug
    assert served.sessions == 2


@pytest.mark.parametrize("path", ["/series/{series_id}/rollups?grain=hour&from=2026-11-20", "/series/{series_id}/readings"])
def test_an_answer_that_rests_on_the_hour_is_asked_anew_when_a_quarter_begins(served, path):
    served.get(path)
    served.pass_time(minutes=14)
    assert served.is_hot(path)

    served.pass_time(minutes=1)

    assert not served.is_hot(path)


def test_what_a_quarter_settles_is_settled_in_the_next_answer(served):
    path = "/series/{series_id}/rollups?grain=hour&from=2026-11-20"
    before = served.get(path).json()["settled_until"]
    served.pass_time(minutes=15)

    assert served.get(path).json()["settled_until"] > before


def test_an_etag_that_is_known_is_304_from_memory(served):
    tag = served.get("/plants").headers["etag"]
    answer = served.get("/plants", **{"If-None-Match": tag})

    assert (answer.status_code, answer.content, served.sessions) == (304, b"", 1)


def test_head_is_answered_from_memory_without_a_body(served, stage):
    served.get("/plants")
    answer = served.http.head("/api/v1/plants", headers=stage.headers(stage.east))

    assert (answer.status_code, answer.content, served.sessions) == (200, b"", 1)


@pytest.mark.parametrize("accept", ["text/csv", "application/x-ndjson", "application/vnd.apache.parquet"])
@pytest.mark.parametrize("path", ["/plants", "/series/{series_id}/rollups?grain=hour&from=2026-11-20"])
def test_memory_gives_each_form_as_itself(served, accept, path):
    json = served.get(path)
    assert not served.is_hot(path, Accept=accept)

    again, in_json = served.get(path, Accept=accept), served.get(path)

    assert served.sessions == 2
    assert again.headers["content-type"].startswith(accept)
    assert "content-disposition" in again.headers
    assert (in_json.content, in_json.headers["content-type"]) == (json.content, "application/json")
    assert in_json.headers["etag"] != again.headers["etag"]
    assert served.get(path, Accept=accept, **{"If-None-Match": in_json.headers["etag"]}).status_code == 200
    assert served.get(path, Accept=accept, **{"If-None-Match": again.headers["etag"]}).status_code == 304


def test_memory_tells_formats_and_fields_apart(served):
    asked = ["/plants", "/plants?format=json", "/plants?format=csv", "/plants?format=csv&fields=name", "/plants?format=jsonl"]
    first = [served.get(path).content for path in asked]
    sessions = served.sessions

    assert [served.get(path).content for path in asked] == first
    assert (sessions, served.sessions) == (len(asked), len(asked))
    assert len(set(first)) == len(asked) - 1


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer x", "Basic eA==", "Bearer {token}x", "bearer  {token}", "{token}"])
def test_memory_judges_a_token_as_the_routes_do(served, stage, header):
    headers = {"Authorization": header.format(token=stage.token(stage.east))}
    by_route = served.http.get("/api/v1/plants", headers=headers).status_code
    served.get("/plants")

    assert served.http.get("/api/v1/plants", headers=headers).status_code == by_route
    assert by_route == (200 if header == "bearer  {token}" else 401)


def test_answers_from_memory_count_for_the_users_quota(stage):
    app = stage.new_app(api_user_requests_per_minute=3)
    with TestClient(app) as http:
        answers = [http.get("/api/v1/plants", headers=stage.headers(stage.east)) for _ in range(5)]

    assert [answer.status_code for answer in answers] == [200, 200, 200, 429, 429]
    assert '"user";r=0' in answers[2].headers["ratelimit"]
    assert "retry-after" in answers[3].headers


def test_sessions_that_end_under_it_are_replaced(served, stage, postgres_server):
    served.get("/plants")
    assert served.is_hot("/plants")
    login = {"user": "postgres", "password": postgres_server.password, "dbname": "postgres"}
    with contextlib.closing(psycopg2.connect(host="127.0.0.1", port=postgres_server.port, **login)) as connection:
        connection.cursor().execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'heliograph_api'")

    answers = [served.get("/plants").status_code for _ in range(4)]

    assert answers == [200] * 4
    assert served.is_hot("/plants")


def test_one_session_asks_for_all_and_notices_when_the_server_ends_it(warehouse_url):
    async def asks() -> tuple[set[int], bool, bool]:
        session = await AdmissionSession.made(warehouse_url.replace("+psycopg2", ""))
        backends = {(await session.asked("SELECT pg_backend_pid()", (), patience_s=60))[0] for _ in range(50)}
        kept = not session.is_lost
        with psycopg2.connect(warehouse_url.replace("+psycopg2", "")) as other, other.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(%s)", [*backends])
        for _ in range(600):
            if session.is_lost:
                break
            await asyncio.sleep(0.1)
        noticed = session.is_lost
        session.shut()
        return backends, kept, noticed

    backends, kept, noticed = asyncio.run(asks())

    assert (len(backends), kept, noticed) == (1, True, True)


@pytest.mark.parametrize("asked_before_s", [None, 0.0, 0.2])
def test_a_question_is_given_up_when_its_own_patience_ends_whatever_was_asked_before(warehouse_url, asked_before_s):
    async def waited_s() -> float:
        session = await AdmissionSession.made(warehouse_url.replace("+psycopg2", ""))
        if asked_before_s is not None:
            await session.asked("SELECT 1", (), patience_s=0.3)
            await asyncio.sleep(asked_before_s)
        loop = asyncio.get_running_loop()
        began_s = loop.time()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(session.asked("SELECT pg_sleep(30)", (), patience_s=0.3), 20)
        took_s = loop.time() - began_s
        session.shut()
        return took_s

    assert 0.29 < asyncio.run(waited_s()) < 10


def test_who_hangs_up_in_the_middle_of_a_question_leaves_no_answer_to_the_next(stage):
    admin = CurrentUser(stage.east.users["admin"], stage.east.tenant_id, 1)
    client = CurrentUser(stage.west.users["client"], stage.west.tenant_id, 1)

    async def ask() -> list[str | None]:
        admissions = Admissions(stage.api_url, secret=stage.secret)
        admissions.open()
        roles = [(await admissions.ask(admin)).role]
        for _ in range(10):
            hasty = asyncio.create_task(admissions.ask(admin))
            await asyncio.sleep(0)
            hasty.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await hasty
            told = await admissions.ask(client)
            roles.append(told and told.role)
        admissions.close()
        return roles

    assert asyncio.run(ask()) == ["admin"] + ["client"] * 10


def test_without_the_warehouse_nothing_is_given_from_memory(served, monkeypatch):
    served.get("/plants")
    state = served.app.state.heliograph
    known = state.admissions._dsn
    state.admissions._dsn = "host=127.0.0.1 port=1 user=heliograph_api dbname=none"
    state.admissions.close()
    state.admissions.open()

    def away(user):
        raise UserNotAdmitted("nobody knows")

    monkeypatch.setattr(state.database, "as_user", away)
    status = served.get("/plants").status_code
    state.admissions._dsn = known
    state.admissions.close()
    state.admissions.open()

    assert status == 401


def test_whoever_writes_meanwhile_nobody_reads_what_was_before_a_commit(served, stage, torture):
    """What was committed before a question was asked is in the answer: several callers, one writer, another tenant's noise."""
    committed, done, faults = [0], threading.Event(), []

    def ask(seed: int) -> None:
        while not done.is_set():
            at_least = committed[0]
            name = served.get("/plants").json()["data"][0]["name"]
            if int(name) < at_least:
                faults.append((name, at_least))

    rename(stage, stage.east, "0")
    callers = [threading.Thread(target=ask, args=(seed,)) for seed in range(3)]
    for caller in callers:
        caller.start()
    for number in range(1, 1500 if torture else 120):
        rename(stage, stage.east, str(number))
        committed[0] = number
        if number % 3 == 0:
            rename(stage, stage.west, f"west {number}")
    done.set()
    for caller in callers:
        caller.join()

    assert faults == []


def test_two_processes_with_memories_of_their_own_agree(stage):
    with contextlib.ExitStack() as stack:
        apps = [stack.enter_context(TestClient(stage.new_app())) for _ in range(2)]
        for number in range(10):
            rename(stage, stage.east, f"east {number}")
            for http in apps * 2:
                answer = http.get("/api/v1/plants", headers=stage.headers(stage.east))
                assert answer.json()["data"][0]["name"] == f"east {number}"
    rename(stage, stage.east, "east")


def test_an_answer_that_rests_on_this_moment_is_not_kept(served, monkeypatch):
    from api.deps import ApiRequest

    single = ApiRequest.single
    monkeypatch.setattr(ApiRequest, "single", lambda self, data, head=None: single(self, data, {"now": self.now.isoformat()}))
    first = served.get("/plants/{plant_id}").json()["now"]
    served.pass_time(seconds=1)

    assert served.get("/plants/{plant_id}").json()["now"] > first
