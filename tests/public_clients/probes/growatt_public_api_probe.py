"""What growatt_public_api reads of Growatt's plants and inverters, by version 1 and version 4."""

from datetime import timedelta

from growatt_public_api import GrowattApi
from telling import asked, tell

NAMES = {1: "inv", 4: "max", 7: "min"}

url, day = asked()
api = GrowattApi(token="growatt-demo-token", server_url=url, use_cache=False)
plants = [plant.plant_id for plant in api.plant.list().data.plants]
kinds = {
    device.device_sn: NAMES[device.type]
    for plant in plants
    for device in api.plant.list_devices(plant).data.devices
    if device.type in NAMES
}
listed = {device.device_sn: device.device_type for device in api.device.list().data.data}
energies = {plant: api.plant.energy_history(plant, start_date=day, end_date=day).data.energys[0].energy for plant in plants}
readers = {"inv": api.inverter, "max": api.max, "min": api.min}
seen_now, counters, alarms = [], {}, 0
for kind in sorted(set(kinds.values())):
    serials, reader = [serial for serial, of in kinds.items() if of == kind], readers[kind]
    seen_now += [row.device_sn for row in reader.energy_v4(serials).data.devices]
    days = reader.energy_history_multiple_v4(serials, day).data
    for serial in serials:
        frames = reader.energy_history_v4(serial, day).data.datas
        assert [frame.time for frame in frames] == [frame.time for frame in days[serial]]
        counters[serial] = max(frame.power_today if kind == "inv" else frame.eac_today for frame in frames)
        for back in range(20):
            alarms += len(reader.alarms(serial, day - timedelta(days=back)).data.alarms)
tell(
    plants=plants,
    inverters=list(kinds),
    types=kinds,
    listed=listed,
    energies=energies,
    seen_now=seen_now,
    counters=counters,
    alarms=alarms,
)
