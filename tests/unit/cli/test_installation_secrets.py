import stat

from cryptography.fernet import Fernet

from cli.run.secret_file import MAKERS, read_or_create, read_pairs


def test_secrets_are_made_once_and_stay(tmp_path):
    path = tmp_path / "home" / "secrets.env"

    first = read_or_create(path)
    second = read_or_create(path)

    assert first == second
    assert set(first) == set(MAKERS)
    assert len(set(first.values())) == len(MAKERS)


def test_only_the_owner_may_read_the_file_even_when_somebody_opened_it(tmp_path):
    path = tmp_path / "secrets.env"
    read_or_create(path)
    path.chmod(0o644)

    read_or_create(path)

    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_secret_that_a_newer_release_needs_is_added_and_the_others_stay(tmp_path):
    path = tmp_path / "secrets.env"
    path.write_text("POSTGRES_PASSWORD=kept\n")

    secrets = read_or_create(path)

    assert secrets["POSTGRES_PASSWORD"] == "kept"
    assert read_pairs(path) == secrets


def test_keys_are_long_enough_for_what_they_do(tmp_path):
    secrets = read_or_create(tmp_path / "secrets.env")

    Fernet(secrets["AIRFLOW_FERNET_KEY"])
    Fernet(secrets["HELIOGRAPH_VAULT_KEYS"])
    assert len(secrets["HELIOGRAPH_JWT_SECRET"]) >= 64
    assert min(len(secret) for secret in secrets.values()) >= 12


def test_an_env_file_may_hold_comments_quotes_and_exports(tmp_path):
    path = tmp_path / ".env"
    path.write_text("# a comment=1\n\nA=1\nexport B = 'two words'\nC=\"x=y\"\nnonsense\n")

    assert read_pairs(path) == {"A": "1", "B": "two words", "C": "x=y"}
