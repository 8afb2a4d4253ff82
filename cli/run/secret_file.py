"""`secrets.env`: every password and key of one installation, made once, readable by its owner only."""

import os
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Final

from include.steps.access_keys import new_key


def _password() -> str:
    return secrets.token_urlsafe(24)


def _short_password() -> str:
    return secrets.token_urlsafe(12)


def _key() -> str:
    return secrets.token_urlsafe(48)


def _fernet_key() -> str:
    return urlsafe_b64encode(os.urandom(32)).decode()


MAKERS: Final[dict[str, Callable[[], str]]] = {
    "POSTGRES_PASSWORD": _password,
    "HELIOGRAPH_DB_PASSWORD": _password,
    "HELIOGRAPH_API_DB_PASSWORD": _password,
    "AIRFLOW_DB_PASSWORD": _password,
    "AIRFLOW_FERNET_KEY": _fernet_key,
    "AIRFLOW_JWT_SECRET": _key,
    "AIRFLOW_SECRET_KEY": _key,
    "AIRFLOW_ADMIN_PASSWORD": _short_password,
    "AIRFLOW_VIEWER_PASSWORD": _short_password,
    "HELIOGRAPH_JWT_SECRET": _key,
    "HELIOGRAPH_VAULT_KEYS": _fernet_key,
    "DEMO_PASSWORD": _short_password,
    "DEMO_API_KEY": new_key,
}
"""Every secret of an installation and how it is made; all of them are safe inside a URL."""


def read_or_create(path: Path) -> dict[str, str]:
    """Secrets by name. Missing ones are made and kept; present ones never change. The file has mode 0600."""
    known = read_pairs(path) if path.exists() else {}
    missing = {name: make() for name, make in MAKERS.items() if name not in known}
    if missing:
        _write(path, known | missing)
    path.chmod(0o600)
    return known | missing


def read_pairs(path: Path) -> dict[str, str]:
    """`NAME=value` lines of a file in the form of `.env`; comments and empty lines are skipped, quotes around a value dropped."""
    pairs = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        name, equals, value = line.strip().partition("=")
        if equals and not name.startswith("#"):
            pairs[name.removeprefix("export ").strip()] = value.strip().strip("\"'")
    return pairs


def _write(path: Path, pairs: dict[str, str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(path.name + ".new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(
            "# Made by `helio run`. Losing this file means losing the databases beside it and the vendor credentials in them.\n"
        )
        file.writelines(f"{name}={value}\n" for name, value in pairs.items())
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
