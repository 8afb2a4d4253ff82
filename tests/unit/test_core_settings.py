from dataclasses import fields
from pathlib import Path

import pytest

from include.core.errors import NeedsHuman
from include.core.settings import Settings


def test_an_empty_environment_gives_the_defaults():
    assert Settings.from_environment({}) == Settings()


def test_values_are_read_as_what_they_are():
    read = Settings.from_environment(
        {"HELIOGRAPH_API_PORT": "1", "HELIOGRAPH_DROP_SETTLE_S": "0.5", "HELIOGRAPH_HOME": "/x", "OTHER": "y"}
    )

    assert (read.api_port, read.drop_settle_s, read.home) == (1, 0.5, Path("/x"))


def test_an_empty_value_keeps_the_default():
    assert Settings.from_environment({"HELIOGRAPH_API_PORT": ""}).api_port == Settings().api_port


def test_a_value_that_cannot_be_read_needs_a_human_and_names_the_variable():
    with pytest.raises(NeedsHuman, match=r"HELIOGRAPH_API_PORT='x' cannot be read as int"):
        Settings.from_environment({"HELIOGRAPH_API_PORT": "x"})


def test_folders_follow_home_unless_they_are_set():
    settings = Settings(home=Path("/h"), landing_url="s3://bucket/x")

    assert (settings.drops_path, settings.landing, settings.report_store) == (Path("/h/drops"), "s3://bucket/x", "/h/reports")


def test_no_secret_of_the_settings_stands_in_their_repr():
    secret = "open sesame"
    names = ["DATABASE_URL", "API_DATABASE_URL", "API_LIMITS_DATABASE_URL", "METRICS_TOKEN", "JWT_SECRET", "VAULT_KEYS"]
    read = Settings.from_environment({f"HELIOGRAPH_{name}": secret for name in [*names, "SIGNING_PASSWORD"]})

    assert "sesame" not in repr(read)
    assert read.signing_password == secret


def test_every_setting_that_is_named_as_a_secret_is_hidden():
    words = ("password", "secret", "token", "keys", "database_url")
    shown = {field.name for field in fields(Settings) if field.repr and any(word in field.name for word in words)}

    assert shown - {"token_minutes"} == set()
