"""Where commands find their settings: the environment, then `.env`, then what `helio run` made on this machine."""

import os
from collections.abc import MutableMapping
from dataclasses import replace
from pathlib import Path
from typing import Final

from cli.run.postgres import database_url
from cli.run.secret_file import read_or_create, read_pairs
from include.core.settings import Settings

REPOSITORY: Final = Path(__file__).resolve().parents[2]


def complete_environment(environment: MutableMapping[str, str]) -> None:
    """Fill in what is missing: settings of `.env`, then home, URLs and keys of the installation that `helio run` made here.

    What is set already stays, so a command can be pointed at any warehouse.
    """
    if (dotenv := REPOSITORY / ".env").exists():
        for name, value in read_pairs(dotenv).items():
            if name.startswith("HELIOGRAPH_") and value:
                environment.setdefault(name, value)
    environment["HELIOGRAPH_HOME"] = str(home(environment))
    settings = Settings.from_environment(environment)
    if (secrets_file := settings.home / "secrets.env").exists() and not settings.database_url:
        here = installed_here(settings, read_pairs(secrets_file))
        environment["HELIOGRAPH_DATABASE_URL"] = here.database_url
        environment.setdefault("HELIOGRAPH_API_DATABASE_URL", here.api_database_url)
        environment.setdefault("HELIOGRAPH_JWT_SECRET", here.jwt_secret)
        environment.setdefault("HELIOGRAPH_VAULT_KEYS", here.vault_keys)
        environment["HELIOGRAPH_EXTRA_VENDOR_URLS"] = here.extra_vendor_urls


def home(environment: MutableMapping[str, str]) -> Path:
    """Absolute folder of this installation; a relative one is below the repository, wherever the command is called."""
    return REPOSITORY / Path(environment.get("HELIOGRAPH_HOME") or ".heliograph").expanduser()


def installed_here(settings: Settings, secrets: dict[str, str]) -> Settings:
    """The settings with URLs and keys of the embedded installation in `settings.home`."""
    airflow = f"http://127.0.0.1:{settings.airflow_port}"
    return replace(
        settings,
        airflow_url=settings.airflow_url or airflow,
        page_url=settings.page_url or f"http://{settings.api_host}:{settings.api_port}/page/",
        # People type either name of their own machine.
        page_frame_ancestors=settings.page_frame_ancestors or f"{airflow} http://localhost:{settings.airflow_port}",
        database_url=database_url(settings.postgres_port, "heliograph", "heliograph", secrets["HELIOGRAPH_DB_PASSWORD"]),
        api_database_url=database_url(
            settings.postgres_port, "heliograph", "heliograph_api", secrets["HELIOGRAPH_API_DB_PASSWORD"]
        ),
        jwt_secret=settings.jwt_secret or secrets["HELIOGRAPH_JWT_SECRET"],
        vault_keys=settings.vault_keys or secrets.get("HELIOGRAPH_VAULT_KEYS", ""),
        extra_vendor_urls=",".join(dict.fromkeys(filter(None, (*settings.extra_vendor_urls.split(","), settings.sandbox_url)))),
    )


def local_settings() -> tuple[Settings, dict[str, str]]:
    """Settings and secrets of the embedded installation, whose secrets are made where they are missing."""
    environment = dict(os.environ)
    complete_environment(environment)
    settings = Settings.from_environment(environment)
    secrets = read_or_create(settings.home / "secrets.env")
    return installed_here(settings, secrets), secrets
