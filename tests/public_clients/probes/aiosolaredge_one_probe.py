"""What aiosolaredge-one reads of SolarEdge's sites."""

import asyncio
from datetime import datetime, time, timedelta

import aiohttp
from aiosolaredge_one import SolarEdgeOneClient
from telling import asked, tell


async def main() -> None:
    url, day = asked()
    async with aiohttp.ClientSession() as session:
        client = SolarEdgeOneClient(session, "solaredge-demo-key", base_url=f"{url}/v2")
        sites = [site.site_id for site in await client.get_sites()]
        start, end = datetime.combine(day, time()), datetime.combine(day, time(23, 59, 59))
        half = start + timedelta(hours=12, seconds=-1)
        energies, halves, power, inverters, alarms = {}, {}, {}, [], 0
        for site in sites:
            details = await client.get_site_details(site)
            assert details.raw["location"]["timezone"]
            inverters += [device.serial_number for device in await client.get_devices(site) if device.type == "INVERTER"]
            energies[site] = (await client.get_energy(site, date_from=start, date_to=end, resolution="DAY")).total / 1000
            quarters = [
                await client.get_energy(site, date_from=first, date_to=last, resolution="QUARTER_HOUR")
                for first, last in ((start, half), (half + timedelta(seconds=1), end))
            ]
            halves[site] = sum(series.total for series in quarters) / 1000
            powers = [
                await client.get_power(site, date_from=first, date_to=last)
                for first, last in ((start, half), (half + timedelta(seconds=1), end))
            ]
            power[site] = sum(series.total for series in powers) / 4000
            alarms += len(await client.get_alerts(site))
        tell(
            plants=sites,
            inverters=inverters,
            energies=energies,
            sums_of_quarters=halves,
            integrals=power,
            alarms=alarms,
            alarms_of_all=len(await client.get_fleet_alerts()),
        )


asyncio.run(main())
