"""A backup of one installation, restored into the home of another machine."""

import os
import subprocess
import sys
import tarfile
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import psycopg2
import pytest

from cli.run import backup, postgres
from cli.run.backup import make_backup, restore_backup
from cli.run.secret_file import read_or_create, read_pairs
from cli.run.settings import installed_here
from include.core.errors import NeedsHuman, Refused
from include.core.settings import Settings
from include.steps.schema import migrate_warehouse
from include.steps.tenants import save_tenant

pytestmark = pytest.mark.postgres

NOW = datetime(2026, 11, 30, 7, tzinfo=UTC)


@dataclass
class Machine:
    """One installation: its settings and secrets."""

    settings: Settings
    secrets: dict[str, str]

    def server(self):
        return backup.installation_server(self.settings, self.secrets)

    def query(self, statement: str, *, role: str = "postgres", database: str = "heliograph"):
        names = {"heliograph_api": "HELIOGRAPH_API_DB_PASSWORD", "airflow": "AIRFLOW_DB_PASSWORD"}
        password = self.secrets[names.get(role, "POSTGRES_PASSWORD")]
        url = postgres.database_url(self.settings.postgres_port, database, role, password)
        connection = psycopg2.connect(url.replace("+psycopg2", ""))
        try:
            with connection, connection.cursor() as cursor:
                cursor.execute(statement)
                return cursor.fetchall() if cursor.description else None
        finally:
            connection.close()


def empty_home(folder: Path) -> Settings:
    return replace(Settings(), home=folder, postgres_port=postgres.free_port())


@pytest.fixture(scope="module")
def original(tmp_path_factory) -> Machine:
    """An installation with a tenant, a report, a landed document and something in Airflow's database, all stopped."""
    bare = empty_home(tmp_path_factory.mktemp("original") / "home")
    secrets = read_or_create(bare.home / "secrets.env")
    machine = Machine(installed_here(bare, secrets), secrets)
    with machine.server() as server:
        postgres.provision(server, secrets)
        migrate_warehouse(machine.settings)
        save_tenant(machine.settings, "acme", {"name": "Acme Água"})
        machine.query("CREATE TABLE connection AS SELECT 'acme__deye' AS conn_id", database="airflow")
        machine.query(
            "INSERT INTO fleet.plant (tenant_id, plant_key, name, timezone) VALUES (1, 'p1', 'P1', 'America/Sao_Paulo');"
            "INSERT INTO mart.report (tenant_id, plant_id, kind, starts_on, ends_on, language, revision, fingerprint, figures,"
            " uri, pdf_sha256, size_bytes, issued_at, run_id)"
            " VALUES (1, 1, 'day', '2026-11-29', '2026-11-29', 'en', 1, 'f', '{}', "
            f"'{machine.settings.report_store}/acme/p1/day.pdf', repeat('0', 64), 3, now(), 'r')"
        )
        machine.query(
            "SELECT ops.ensure_reading_partitions('{2026-10-31}', 'month'), ops.ensure_reading_partitions('{2026-11-01}', 'day');"
            "INSERT INTO mart.reading VALUES (1, 3000000000, '2026-10-31T23:59Z', 1.5), (1, 3000000001, '2026-11-01Z', 2.5)"
        )
    for path in ("landing/tenant=acme/source=x/dt=2026-11-29/document.json.gz", "reports/acme/p1/day.pdf"):
        (bare.home / path).parent.mkdir(parents=True, exist_ok=True)
        (bare.home / path).write_bytes(b"pdf")
    return machine


@pytest.fixture(scope="module")
def written(original, tmp_path_factory) -> Path:
    target = tmp_path_factory.mktemp("backups") / "first.tar"
    make_backup(original.settings, original.secrets, target, now=NOW)
    return target


@pytest.fixture(scope="module")
def restored(written, tmp_path_factory) -> Machine:
    settings = empty_home(tmp_path_factory.mktemp("second") / "home")
    restore_backup(settings, written)
    secrets = read_pairs(settings.home / "secrets.env")
    return Machine(installed_here(settings, secrets), secrets)


def test_a_backup_is_readable_by_its_owner_alone_and_leaves_nothing_beside_it(written):
    assert written.stat().st_mode & 0o777 == 0o600
    assert list(written.parent.iterdir()) == [written]


def test_everything_is_there_on_the_other_machine(original, restored):
    with restored.server():
        assert restored.query("SELECT slug, name FROM fleet.tenant") == [("acme", "Acme Água")]
        assert restored.query("SELECT version_num FROM heliograph_migration") == [(migrate_warehouse(restored.settings),)]
        assert restored.query("SELECT conn_id FROM connection", database="airflow") == [("acme__deye",)]
        ((uri,),) = restored.query("SELECT uri FROM mart.report")
    assert Path(uri) == restored.settings.home / "reports/acme/p1/day.pdf"
    assert Path(uri).read_bytes() == b"pdf"
    assert (restored.settings.home / "landing/tenant=acme/source=x/dt=2026-11-29/document.json.gz").read_bytes() == b"pdf"
    assert restored.secrets == original.secrets
    assert (restored.settings.home / "secrets.env").stat().st_mode & 0o777 == 0o600


def test_partitions_of_both_widths_come_back_and_readings_are_loaded_beside_them(restored):
    with restored.server():
        restored.query("SELECT ops.ensure_reading_partitions('{2026-10-01,2026-11-01,2026-11-02}', 'month')")
        restored.query("INSERT INTO mart.reading VALUES (1, 3000000002, '2026-11-02Z', 3.5)")

        found = restored.query("SELECT tableoid::regclass::text, document_id, value FROM mart.reading ORDER BY measured_at")

    assert found == [
        ("mart.reading_2026_10", 3_000_000_000, 1.5),
        ("mart.reading_2026_11_01", 3_000_000_001, 2.5),
        ("mart.reading_2026_11_02", 3_000_000_002, 3.5),
    ]


def test_the_roles_may_do_what_they_could_and_nobody_else_may_connect(restored):
    with restored.server():
        assert restored.query("SELECT count(*) FROM api.plant", role="heliograph_api") == [(0,)], "no tenant is chosen"
        with pytest.raises(psycopg2.OperationalError, match="permission denied for database"):
            restored.query("SELECT 1", role="heliograph_api", database="airflow")
        with pytest.raises(psycopg2.OperationalError, match="permission denied for database"):
            restored.query("SELECT 1", role="airflow")


def test_a_backup_of_a_running_server_leaves_it_running(original, tmp_path):
    with original.server():
        make_backup(original.settings, original.secrets, tmp_path / "b.tar", now=NOW)

        assert original.query("SELECT backed_up_at FROM ops.watch") == [(NOW,)]
    assert not postgres.is_running(original.settings.home / "pg")


def test_a_backup_overwrites_nothing(original, written):
    with pytest.raises(Refused, match="exists; name another file"):
        make_backup(original.settings, original.secrets, written, now=NOW)


def test_a_backup_that_cannot_be_written_says_where_and_leaves_nothing(original, tmp_path):
    with pytest.raises(NeedsHuman, match="cannot be written: No such file"):
        make_backup(original.settings, original.secrets, tmp_path / "missing" / "b.tar", now=NOW)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["pg", "secrets.env", "landing", "reports"])
def test_a_home_that_has_something_is_left_as_it_is(written, tmp_path, name):
    settings = empty_home(tmp_path)
    (tmp_path / name).mkdir()

    with pytest.raises(Refused, match=f"{name} exists"):
        restore_backup(settings, written)
    assert [path.name for path in tmp_path.iterdir()] == [name]


def altered(written: Path, target: Path, **members: bytes) -> Path:
    """A backup of which some members are replaced, or added."""
    with tarfile.open(written) as archive, tarfile.open(target, "w") as made:
        for entry in archive:
            content = archive.extractfile(entry).read() if entry.isfile() else b""
            content = members.pop(entry.name.replace(".", "_"), content)
            entry.size = len(content)
            made.addfile(entry, BytesIO(content))
        for name, content in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            made.addfile(entry, BytesIO(content))
    return target


def test_a_backup_of_a_newer_version_is_refused_with_what_to_do(written, tmp_path):
    newer = b'{"made_at": "", "revision": "9999", "report_store": "/x", "stores": ["landing", "reports"]}'
    source = altered(written, tmp_path / "newer.tar", manifest_json=newer)

    with pytest.raises(NeedsHuman, match="revision 9999, made by a newer version"):
        restore_backup(empty_home(tmp_path / "home"), source)
    assert list((tmp_path / "home").iterdir()) == []


@pytest.mark.parametrize("damage", ["cut", "cut between members", "no tar", "outside", "no manifest", "dump"])
def test_a_damaged_backup_is_told_and_leaves_nothing(written, tmp_path, damage):
    source = tmp_path / "damaged.tar"
    if damage == "outside":
        altered(written, source, **{"../outside": b"x"})
    elif damage == "dump":
        altered(written, source, heliograph_dump=b"PGDMP and then nothing")
    elif damage == "no manifest":
        altered(written, source, manifest_json=b"{}")
    else:
        with tarfile.open(written) as archive:
            manifest = archive.getmember("manifest.json")
        kept = {"cut": manifest.offset - 700, "cut between members": manifest.offset, "no tar": 0}[damage]
        source.write_bytes(written.read_bytes()[:kept] or b"hello")

    with pytest.raises(NeedsHuman, match="pg_restore ended" if damage == "dump" else "is no whole backup"):
        restore_backup(empty_home(tmp_path / "home"), source)
    assert [path.name for path in (tmp_path / "home").iterdir() if path.name != "logs"] == []
    assert not (tmp_path / "outside").exists()


def test_the_database_alone_serves_until_it_is_told_to_stop(original):
    environment = os.environ | {
        "HELIOGRAPH_HOME": str(original.settings.home),
        "HELIOGRAPH_POSTGRES_PORT": str(original.settings.postgres_port),
    }
    command = [sys.executable, "-c", "from cli.main import app; app()", "postgres"]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert "until Ctrl-C" in process.stdout.readline()
        assert original.query("SELECT 1") == [(1,)]
        process.terminate()
        assert process.wait(timeout=300) == 0
    assert not postgres.is_running(original.settings.home / "pg")
