"""Backups of an installation: both databases, landing, reports and secrets in one tar file, and back into an empty home.

The databases are dumped first. The stores only grow, so every object that a dump names is in the copy that follows.
"""

import json
import os
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import Final

from cli.run import postgres
from cli.run.postgres import Server
from cli.run.secret_file import read_or_create
from cli.run.settings import installed_here
from cli.run.step_down import bare_environment, programs
from include.core.errors import NeedsHuman, Refused
from include.core.settings import Settings
from include.steps.report_store import move_reports
from include.steps.schema import require_known_revision, warehouse_revision
from include.steps.watch import note_backup

_DATABASES: Final = ("heliograph", "airflow")
_SECRETS: Final = "secrets.env"
_MANIFEST: Final = "manifest.json"
_STORES: Final = ("landing", "reports")


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup says of itself: when it was made, the revision of its warehouse, and where its reports rested."""

    made_at: str
    revision: str | None
    report_store: str
    stores: list[str]
    """Stores that are in it; one in an object store is not."""


def make_backup(settings: Settings, secrets: dict[str, str], target: Path, *, now: datetime) -> Manifest:
    """Write a backup of the installation to `target`, mode 0600; it may be at work meanwhile.

    Raises `Refused` where `target` exists, `NeedsHuman` where a database cannot be dumped or the disk is full.
    """
    if target.exists():
        raise Refused(f"{target} exists; name another file, a backup overwrites nothing")
    stores = _local_stores(settings)
    unfinished = target.with_name(target.name + ".part")
    try:
        with installation_server(settings, secrets) as server, tempfile.TemporaryDirectory(dir=target.parent) as folder:
            revision = warehouse_revision(settings)
            manifest = Manifest(now.isoformat(), revision, settings.report_store, sorted(stores))
            dumps = [_dump(server, database, Path(folder) / f"{database}.dump") for database in _DATABASES]
            with open(unfinished, "wb", opener=_private) as file, tarfile.open(fileobj=file, mode="w") as archive:
                _write(archive, manifest, [*dumps, settings.home / _SECRETS], stores)
            unfinished.rename(target)
            note_backup(settings, now=now)
    except OSError as error:
        raise NeedsHuman(f"the backup {target} cannot be written: {error.strerror or error}; choose another place") from error
    finally:
        unfinished.unlink(missing_ok=True)
    return manifest


def restore_backup(settings: Settings, source: Path) -> Manifest:
    """Make the installation of `settings.home`, which must be empty of one, from a backup; its server is stopped afterwards.

    Raises:
        Refused: There is an installation already, or the warehouse is newer than this code.
        NeedsHuman: The file is no backup, or it is damaged.
    """
    for name in ("pg", _SECRETS, *_STORES):
        if (there := settings.home / name).exists():
            raise Refused(f"{there} exists; a backup is restored into an empty home: move it away, or set HELIOGRAPH_HOME")
    settings.home.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=settings.home, prefix=".restore-") as folder, _nothing_half_made(settings.home):
        unpacked = Path(folder)
        manifest = _unpack(source, unpacked)
        require_known_revision(manifest.revision)
        for name in (_SECRETS, *manifest.stores):
            (unpacked / name).rename(settings.home / name)
        secrets = read_or_create(settings.home / _SECRETS)
        with installation_server(settings, secrets) as server:
            postgres.provision(server, secrets)
            for database in _DATABASES:
                _restore(server, database, unpacked / f"{database}.dump")
            move_reports(installed_here(settings, secrets), before=manifest.report_store)
    return manifest


@contextmanager
def _nothing_half_made(home: Path) -> Iterator[None]:
    """Take away what a failed restore made, so that it can be tried again."""
    try:
        yield
    except BaseException:
        for name in ("pg", *_STORES):
            shutil.rmtree(home / name, ignore_errors=True)
        (home / _SECRETS).unlink(missing_ok=True)
        raise


def installation_server(settings: Settings, secrets: dict[str, str]) -> AbstractContextManager[Server]:
    """The installation's own server for a block; one that ran before goes on running."""
    log = settings.home / "logs" / "postgres.log"
    folder, password = settings.home / "pg", secrets["POSTGRES_PASSWORD"]
    return postgres.borrowed_server(folder, port=settings.postgres_port, password=password, log=log)


def _local_stores(settings: Settings) -> dict[str, Path]:
    """Folders of the stores on this machine; an object store keeps its own backups."""
    places = dict(zip(_STORES, (settings.landing, settings.report_store), strict=True))
    return {name: Path(place) for name, place in places.items() if "://" not in place}


def _write(archive: tarfile.TarFile, manifest: Manifest, files: list[Path], stores: dict[str, Path]) -> None:
    for path in files:
        archive.add(path, path.name)
    for name, folder in stores.items():
        if folder.exists():
            archive.add(folder, name)
        else:
            _add_empty_folder(archive, name)
    # Last, so that a copy that was cut has none: tar itself does not notice a cut between two members.
    content = json.dumps(asdict(manifest)).encode()
    entry = tarfile.TarInfo(_MANIFEST)
    entry.size = len(content)
    archive.addfile(entry, BytesIO(content))


def _add_empty_folder(archive: tarfile.TarFile, name: str) -> None:
    entry = tarfile.TarInfo(name)
    entry.type, entry.mode = tarfile.DIRTYPE, 0o750
    archive.addfile(entry)


def _unpack(source: Path, folder: Path) -> Manifest:
    try:
        with tarfile.open(source, "r:") as archive:
            archive.extractall(folder, filter="data")
        return Manifest(**json.loads((folder / _MANIFEST).read_text(encoding="utf-8")))
    except (OSError, tarfile.TarError, ValueError, TypeError) as error:
        raise NeedsHuman(
            f"{source} is no whole backup ({type(error).__name__}: {error}); take a complete copy of what `helio backup` wrote"
        ) from error


def _dump(server: Server, database: str, target: Path) -> Path:
    # As the superuser: row level security is forced, so a dump by the owner stops.
    _call(server, "pg_dump", "--format=custom", f"--file={target}", database)
    return target


def _restore(server: Server, database: str, source: Path) -> None:
    _call(server, "pg_restore", "--exit-on-error", f"--dbname={database}", str(source))


def _call(server: Server, program: str, *arguments: str) -> None:
    command = [str(programs() / program), "--host=127.0.0.1", f"--port={server.port}", "--username=postgres", *arguments]
    environment = bare_environment() | {"PGPASSWORD": server.password}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise NeedsHuman(f"{program} ended with status {done.returncode}: {done.stderr.strip()[-600:]}")


def _private(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_EXCL, 0o600)
