"""What deyecloud reads of Deye's stations, as their company."""

from datetime import timedelta

import deyecloud
from telling import asked, instant, tell

url, day = asked()
deye = deyecloud.DeyeCloud(
    app_id="201911067156002",
    app_secret="deyesecret",
    email="a@example.org",
    password="deyepass",
    company_id=10016,
    base_url=url,
)
stations = [station.station_id for station in deye.station.list(page_size=2)]
devices = list(deye.station.devices(stations))
inverters = [device.device_sn for device in devices if device.device_type == "INVERTER"]
energies = {}
for station in stations:
    told = deye.station.history(station, "day", startAt=f"{day}", endAt=f"{day + timedelta(days=1)}")
    energies[station] = told[0]["generationValue"]
now = deye.device.latest(inverters)
start = int(instant(day).timestamp())
frames = deye.device.history_raw(inverters[0], start, start + 86_399)
alerts = [list(deye.station.alerts(station, start - 20 * 86_400, start)) for station in stations]
tell(
    plants=stations,
    inverters=inverters,
    energies=energies,
    seen_now=[device.device_sn for device in now],
    frames=len(frames.data_list),
    alarms=sum(map(len, alerts)),
)
