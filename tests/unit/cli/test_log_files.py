"""Logs of a machine that runs for years stay bounded."""

import os
import time

from cli.run.log_files import cut_logs, forget_logs

DAY_S = 86_400


def test_a_log_above_its_size_is_cut_while_its_writer_goes_on(tmp_path):
    small, large = tmp_path / "api.log", tmp_path / "scheduler.log"
    small.write_text("a line\n")
    with large.open("ab", buffering=0) as writer:
        writer.write(b"old\n" * 1000)

        cut = cut_logs(tmp_path, most_bytes=1000)
        writer.write(b"new\n")

    assert cut == [large]
    assert large.read_text() == "new\n"
    assert (tmp_path / "scheduler.log.1").read_text() == "old\n" * 1000
    assert small.read_text() == "a line\n"


def test_what_was_cut_before_is_replaced(tmp_path):
    log = tmp_path / "api.log"
    for content in ("first" * 100, "second" * 100):
        log.write_text(content)
        cut_logs(tmp_path, most_bytes=100)

    assert (tmp_path / "api.log.1").read_text() == "second" * 100
    assert len(list(tmp_path.iterdir())) == 2


def test_old_task_logs_go_with_the_folders_that_they_leave_empty(tmp_path):
    now = time.time()
    for name, age_d in (("dag_id=a/run_id=1/attempt=1.log", 40), ("dag_id=a/run_id=2/attempt=1.log", 2)):
        path = tmp_path / name
        path.parent.mkdir(parents=True)
        path.write_text("said")
        os.utime(path, (now - age_d * DAY_S,) * 2)
    for folder in (tmp_path / "dag_id=a/run_id=1", tmp_path / "dag_id=a"):
        os.utime(folder, (now - 40 * DAY_S,) * 2)

    assert forget_logs(tmp_path, days=30) == 1
    forget_logs(tmp_path, days=-1)

    assert not list(tmp_path.rglob("attempt*"))
    assert not (tmp_path / "dag_id=a").exists()


def test_a_link_in_the_logs_is_removed_itself_and_what_it_names_stays(tmp_path):
    kept = tmp_path / "elsewhere" / "kept"
    kept.parent.mkdir()
    kept.write_text("kept")
    logs = tmp_path / "logs"
    logs.mkdir()
    (logs / "link").symlink_to(kept)
    (logs / "folder").symlink_to(kept.parent)

    forget_logs(logs, days=-1)

    assert kept.read_text() == "kept"
