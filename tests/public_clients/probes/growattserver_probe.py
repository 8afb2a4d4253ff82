"""What growattServer reads of Growatt's plants, by version 1."""

from growattServer import OpenApiV1
from telling import asked, tell

url, day = asked()
api = OpenApiV1("growatt-demo-token")
api.api_url = f"{url}/v1/"
plants = [plant["plant_id"] for plant in api.plant_list()["plants"]]
devices = [device for plant in plants for device in api.device_list(plant)["devices"]]
now = {plant: api.plant_energy_overview(plant) for plant in plants}
energies, integrals = {}, {}
for plant in plants:
    assert api.plant_details(plant)["timezone"] == now[plant]["timezone"]
    energies[plant] = float(api.plant_energy_history(plant, day, day)["energys"][0]["energy"])
    powers = api.plant_power_overview(plant, day)["powers"]
    integrals[plant] = sum(row["power"] or 0.0 for row in powers) / 12_000
tell(
    plants=plants,
    inverters=[device["device_sn"] for device in devices if device["type"] in {1, 4, 7}],
    energies=energies,
    integrals=integrals,
    seen_now=[plant for plant, told in now.items() if float(told["today_energy"]) >= 0],
)
