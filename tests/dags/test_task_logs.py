"""Logs of tasks in the object store."""

import pytest
from upath import UPath

pytestmark = pytest.mark.airflow
PATH = "dag_id=load_readings/run_id=manual__1/task_id=load/attempt=1.log"


@pytest.fixture
def logs(tmp_path, request):
    from plugins.task_logs import StoredTaskLogs

    return StoredTaskLogs(f"memory://{request.node.name}/logs", tmp_path / "logs")


def written(logs, text: str, path: str = PATH):
    file = logs.folder / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return file


def test_a_log_is_read_back_where_its_file_never_was(logs, tmp_path):
    from plugins.task_logs import StoredTaskLogs

    written(logs, '{"event": "é"}\n')
    logs.upload(PATH)
    elsewhere = StoredTaskLogs(logs.url, tmp_path / "another machine")

    sources, texts = elsewhere.read(PATH, None)

    assert texts == ['{"event": "é"}\n']
    assert sources == [str(UPath(logs.url) / PATH)]


def test_a_log_that_grew_is_kept_whole(logs):
    logs.upload(written(logs, "one\n"))
    logs.upload(written(logs, "one\ntwo\n"))

    assert logs.read(PATH, None)[1] == ["one\ntwo\n"]


def test_a_folder_takes_logs_as_well(tmp_path):
    from plugins.task_logs import StoredTaskLogs

    logs = StoredTaskLogs((tmp_path / "shared").as_uri(), tmp_path / "logs")
    written(logs, "here\n")
    logs.upload(PATH)

    assert (tmp_path / "shared" / PATH).read_text() == "here\n"


def test_a_log_that_is_not_kept_is_told_and_no_error(logs):
    sources, texts = logs.read(PATH, None)

    assert texts is None
    assert "is not kept" in sources[0]


def test_a_store_that_fails_is_told_on_the_page_of_the_log(logs, monkeypatch):
    monkeypatch.setattr(UPath, "read_text", lambda *_, **__: (_ for _ in ()).throw(RuntimeError("connection closed")))

    assert "connection closed" in logs.read(PATH, None)[0][0]


def test_a_file_outside_of_the_log_folder_is_not_taken(logs, tmp_path):
    outside = tmp_path / "secrets.env"
    outside.write_text("secret")

    with pytest.raises(ValueError, match="subpath"):
        logs.upload(outside)


@pytest.mark.parametrize(("url", "is_kept"), [("", False), ("s3://bucket/logs", True)])
def test_logs_are_kept_where_the_setting_says_and_airflow_finds_that(url, is_kept, monkeypatch):
    import importlib

    from airflow._shared.logging.factory import resolve_remote_task_log
    from airflow._shared.module_loading import import_string
    from airflow.configuration import conf

    import plugins.task_logs

    monkeypatch.setenv("HELIOGRAPH_TASK_LOGS_URL", url)
    monkeypatch.setenv("AIRFLOW__LOGGING__LOGGING_CONFIG_CLASS", "plugins.task_logs.DEFAULT_LOGGING_CONFIG")
    importlib.reload(plugins.task_logs)

    found, _ = resolve_remote_task_log(conf=conf, providers_manager=None, import_string=import_string)

    assert (getattr(found, "url", None) == url) is is_kept
