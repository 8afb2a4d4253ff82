"""What pyhfs reads of Huawei's plants."""

from datetime import timedelta

from pyhfs import Client
from pyhfs.session import Session
from telling import asked, instant, tell

url, day = asked()
noon = instant(day) + timedelta(hours=12)
with Session("nbi-user", "Nbi@12345", url) as session:
    client = Client(session)
    plants = [plant["plantCode"] for plant in client.get_plant_list()]
    now = client.get_plant_realtime_data(plants)
    days = client.get_plant_daily_data(plants, noon)
    hours = client.get_plant_hourly_data(plants, noon)
    alarms = client.get_alarms_list(plants, noon - timedelta(days=20), noon)

tell(
    plants=plants,
    seen_now=[row["stationCode"] for row in now if float(row["dataItemMap"]["day_power"]) >= 0],
    energies=[
        (row["stationCode"], Client.from_timestamp(row["collectTime"]).isoformat(), row["dataItemMap"]["PVYield"]) for row in days
    ],
    hours=[
        (row["stationCode"], Client.from_timestamp(row["collectTime"]).isoformat(), row["dataItemMap"]["inverter_power"])
        for row in hours
    ],
    alarms=[alarm["stationCode"] for alarm in alarms],
)
