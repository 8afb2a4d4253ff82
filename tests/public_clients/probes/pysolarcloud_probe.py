"""What pysolarcloud reads of Sungrow's plants, as an app to which their owner consented. Its devices want Python 3.12."""

import asyncio
from datetime import datetime, time, timedelta

from pysolarcloud import Auth
from pysolarcloud.plants import Plants
from telling import asked, tell


async def main() -> None:
    url, day = asked()
    auth = Auth(url, "A" * 32, "s" * 32, "4711")
    await auth.async_authorize("code01", "https://example.org/back")
    cloud = Plants(auth)
    plants = [str(plant["ps_id"]) for plant in await cloud.async_get_plants()]
    now = await cloud.async_get_realtime_data(plants, measure_points=["power", "daily_yield"])
    energies = {}
    for key in plants:
        frames = []
        for hour in range(0, 24, 3):
            start = datetime.combine(day, time(hour))
            told = await cloud.async_get_historical_data(
                key, start, start + timedelta(hours=3, minutes=-5), measure_points=["daily_yield"], interval=timedelta(minutes=5)
            )
            frames += told.get(key, [])
        energies[key] = max(frame["value"] for frame in frames if frame["value"] is not None) / 1000
    await auth.websession.close()
    tell(
        plants=plants,
        seen_now=[key for key, points in now.items() if points["daily_yield"]["value"] is not None],
        units=sorted({points["daily_yield"]["unit"] for points in now.values()}),
        energies=energies,
    )


asyncio.run(main())
