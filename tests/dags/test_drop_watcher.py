"""The trigger behind the drop folder: fires for files that rest, once each."""

import asyncio
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.airflow


@pytest.fixture
def feed_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HELIOGRAPH_DROPS_DIR", str(tmp_path))
    monkeypatch.setenv("HELIOGRAPH_DROP_SETTLE_S", "0.2")
    folder = tmp_path / "demo" / "sensor_readings"
    folder.mkdir(parents=True)
    return folder


def _watcher() -> Any:
    from plugins.drop_watcher import DropWatcher

    return DropWatcher(poll_s=0.02)


async def _next_payload(events: Any, within_s: float = 60.0) -> dict[str, Any] | None:
    try:
        return (await asyncio.wait_for(anext(events), within_s)).payload
    except TimeoutError:
        return None


def test_a_file_that_came_to_rest_fires_once(feed_folder: Path) -> None:
    async def watch() -> list[dict[str, Any] | None]:
        events = _watcher().run()
        (feed_folder / "a.csv").write_text("x")
        return [await _next_payload(events), await _next_payload(events, within_s=0.6)]

    assert asyncio.run(watch()) == [{"files": 1}, None]


def test_an_empty_drop_folder_says_nothing(feed_folder: Path) -> None:
    async def watch() -> dict[str, Any] | None:
        return await _next_payload(_watcher().run(), within_s=0.5)

    assert asyncio.run(watch()) is None


def test_a_file_that_is_still_written_is_not_announced(feed_folder: Path) -> None:
    async def watch() -> dict[str, Any] | None:
        with (feed_folder / "growing.csv").open("w") as file:
            file.write("half of a line")
            return await _next_payload(_watcher().run(), within_s=0.6)

    assert asyncio.run(watch()) is None


def test_a_name_that_is_dropped_again_after_it_left_fires_again(feed_folder: Path) -> None:
    async def watch() -> list[dict[str, Any] | None]:
        events = _watcher().run()
        found = []
        for _ in range(2):
            (feed_folder / "a.csv").write_text("x")
            found.append(await _next_payload(events))
            (feed_folder / "a.csv").unlink()
        return found

    assert asyncio.run(watch()) == [{"files": 1}, {"files": 1}]


def test_a_new_file_fires_although_others_lie_there_for_ever(feed_folder: Path) -> None:
    async def watch() -> list[dict[str, Any] | None]:
        events = _watcher().run()
        (feed_folder / "a.csv").write_text("x")
        (feed_folder / "b.csv").write_text("x")
        first = await _next_payload(events)
        (feed_folder / "c.csv").write_text("x")
        return [first, await _next_payload(events)]

    assert asyncio.run(watch())[-1] == {"files": 1}


def test_a_drop_folder_that_cannot_be_read_is_looked_into_again(feed_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import plugins.drop_watcher

    really = plugins.drop_watcher.resting_files
    troubles = [PermissionError("denied"), OSError("stale file handle")]

    def look(*arguments: Any) -> Any:
        if troubles:
            raise troubles.pop()
        return really(*arguments)

    monkeypatch.setattr(plugins.drop_watcher, "resting_files", look)
    (feed_folder / "a.csv").write_text("x")

    async def watch() -> dict[str, Any] | None:
        return await _next_payload(_watcher().run())

    assert asyncio.run(watch()) == {"files": 1}


def test_the_triggerer_can_make_the_watcher_anew_from_what_is_stored() -> None:
    class_path, arguments = _watcher().serialize()
    module, _, name = class_path.rpartition(".")

    again = getattr(import_module(module), name)(**arguments)

    assert again.serialize() == ("plugins.drop_watcher.DropWatcher", {"poll_s": 0.02})
