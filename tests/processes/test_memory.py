"""A run's files lie in memory only where the process may take it: a container sees the memory of its host, and has less."""

import stat

import psutil
import pytest

from tests import memory

GIB = 1 << 30
NO_LIMIT_V1 = 9223372036854771712


@pytest.fixture
def may_take(tmp_path, monkeypatch):
    """Bytes that a process of a host with 64 GiB may take, by what the kernel's files say of its control groups."""
    monkeypatch.setattr(psutil, "virtual_memory", lambda: type("Memory", (), {"available": 60 * GIB}))

    def ask(membership: str, files: dict[str, object]) -> int:
        (tmp_path / "cgroup").write_text(membership)
        for name, content in files.items():
            (tmp_path / "groups" / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / "groups" / name).write_text(f"{content}\n")
        return memory.available_bytes(tmp_path / "cgroup", tmp_path / "groups")

    return ask


def v2(limit: object, used: int, *, files: int = 0, high: object = "max", at: str = "") -> dict[str, object]:
    stat = f"anon 5\ninactive_file {files}"
    return {f"{at}memory.max": limit, f"{at}memory.high": high, f"{at}memory.current": used, f"{at}memory.stat": stat}


def v1(limit: int, used: int, *, files: int = 0, at: str = "memory/") -> dict[str, object]:
    stat = f"inactive_file 7\ntotal_inactive_file {files}"
    return {f"{at}memory.limit_in_bytes": limit, f"{at}memory.usage_in_bytes": used, f"{at}memory.stat": stat}


@pytest.mark.parametrize(
    ("membership", "files", "expected"),
    [
        pytest.param("0::/\n", {}, 60 * GIB, id="the host itself"),
        pytest.param("0::/\n", v2("max", GIB), 60 * GIB, id="a container without a limit"),
        pytest.param("0::/\n", v2(4 * GIB, GIB), 3 * GIB, id="a container of 4 GiB"),
        pytest.param("0::/\n", v2(4 * GIB, 3 * GIB, files=2 * GIB), 3 * GIB, id="files of disks that it holds count as free"),
        pytest.param("0::/\n", v2(64 * GIB, GIB, high=8 * GIB), 7 * GIB, id="slowed down before its limit"),
        pytest.param("0::/\n", v2(640 * GIB, GIB), 60 * GIB, id="a limit above what the host has"),
        pytest.param("0::/../..\n", v2(4 * GIB, GIB), 3 * GIB, id="a namespace below its group"),
        pytest.param(
            "0::/user.slice/user-1000.slice/run.scope\n",
            v2(6 * GIB, GIB, at="user.slice/user-1000.slice/") | v2("max", GIB, at="user.slice/user-1000.slice/run.scope/"),
            5 * GIB,
            id="the limit of a group above",
        ),
        pytest.param("4:memory:/\n1:cpu,cpuacct:/\n0::/\n", v1(NO_LIMIT_V1, GIB), 60 * GIB, id="version 1 without a limit"),
        pytest.param("4:memory:/docker/ab12\n0::/\n", v1(4 * GIB, 2 * GIB, files=GIB), 3 * GIB, id="version 1, a container"),
        pytest.param("4:memory:/job\n", v1(NO_LIMIT_V1, GIB) | v1(2 * GIB, GIB, at="memory/job/"), GIB, id="version 1, a job"),
    ],
)
def test_memory_is_what_the_machine_and_each_control_group_leave(may_take, membership, files, expected):
    assert may_take(membership, files) == expected


@pytest.mark.parametrize(("left", "expected"), [(60, True), (8, True), (7, False)])
def test_files_lie_in_memory_where_the_processes_of_the_run_find_room_beside_them(tmp_path, monkeypatch, left, expected):
    monkeypatch.setattr(memory.shutil, "disk_usage", lambda folder: type("Usage", (), {"free": 32 * GIB}))
    monkeypatch.setattr(memory, "available_bytes", lambda: left * GIB)

    assert memory.has_room(tmp_path) is expected


def test_a_folder_is_opened_to_others_and_those_that_others_share_keep_their_modes(tmp_path):
    shared, run = tmp_path / "shared", tmp_path / "shared" / "run"
    (run / "home").mkdir(parents=True)
    modes = {shared: 0o1777, run: 0o700, run / "home": 0o700}
    for folder, mode in modes.items():
        folder.chmod(mode)

    memory.let_others_in(run / "home")

    assert [stat.S_IMODE(folder.stat().st_mode) for folder in modes] == [0o1777, 0o711, 0o711]
