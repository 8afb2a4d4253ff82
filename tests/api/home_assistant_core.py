"""Run by a Home Assistant's own Python: sets up what a folder configures, imports hours twice, and tells what it knows then.

    python home_assistant_core.py FOLDER < statistics.json

`statistics.json` is the `data` of an answer of `/plants/{id}/energy-statistics`.
"""

import asyncio
import json
import sys
from datetime import UTC, datetime
from typing import Any

from homeassistant import bootstrap, config, loader
from homeassistant.components.recorder import get_instance
from homeassistant.components.recorder.statistics import async_add_external_statistics, statistics_during_period
from homeassistant.config_entries import ConfigEntries
from homeassistant.core import HomeAssistant
from homeassistant.helpers import recorder
from homeassistant.setup import async_setup_component


async def started(folder: str) -> HomeAssistant:
    """A Home Assistant with the recorder and the REST sensors that the folder configures."""
    hass = HomeAssistant(folder)
    hass.config.skip_pip = True
    loader.async_setup(hass)
    configured = await config.async_hass_config_yaml(hass)
    hass.config_entries = ConfigEntries(hass, configured)
    await bootstrap.async_load_base_functionality(hass)
    await config.async_process_ha_core_config(hass, configured.get("homeassistant", {}))
    recorder.async_initialize_recorder(hass)
    for domain in ("homeassistant", "recorder", "rest"):
        if not await async_setup_component(hass, domain, configured):
            raise SystemExit(f"Home Assistant did not set up {domain}")
    await hass.async_start()
    await hass.async_block_till_done()
    return hass


async def import_hours(hass: HomeAssistant, told: dict[str, Any]) -> None:
    """Import an answer, as the services for it do."""
    head = {name: value for name, value in told.items() if name != "stats"}
    hours = [row | {"start": datetime.fromisoformat(row["start"])} for row in told["stats"]]
    async_add_external_statistics(hass, head, hours)
    await hass.async_block_till_done()
    await hass.async_add_executor_job(get_instance(hass).block_till_done)


def hours_of(hass: HomeAssistant, statistic_id: str) -> list[dict[str, Any]]:
    """Hours that the recorder has of a statistic."""
    begin = datetime(2000, 1, 1, tzinfo=UTC)
    found = statistics_during_period(hass, begin, None, {statistic_id}, "hour", None, {"state", "sum"})
    return found.get(statistic_id, [])


async def main(folder: str, told: dict[str, Any]) -> None:
    """Print states, and the hours after the first and the second import, as JSON."""
    hass = await started(folder)
    imports = []
    for _ in range(2):
        await import_hours(hass, told)
        imports.append(await get_instance(hass).async_add_executor_job(hours_of, hass, told["statistic_id"]))
    states = {state.entity_id: {"state": state.state, **state.attributes} for state in hass.states.async_all("sensor")}
    print(json.dumps({"states": states, "imports": imports}, default=str))
    await hass.async_stop()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], json.load(sys.stdin)))
