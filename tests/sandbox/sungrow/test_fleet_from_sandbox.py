from collections import Counter
from datetime import date

from include.sources.clouds.sungrow.cloud import CLOUD
from tests.sandbox.sungrow.live import documents, session_of
from tests.unit.sources.clouds.sungrow.builders import ACCOUNT, BOTH, CONTEXT, FLEET


@BOTH
def test_an_account_lists_its_plants_and_devices(clouds, credentials):
    session = session_of(clouds, credentials)

    requests = [*CLOUD.fleet_requests(credentials), *CLOUD.device_requests(credentials, FLEET)]
    pages = [CLOUD.parse_fleet(document, CONTEXT) for document in documents(session, requests)]

    plants = [plant for page in pages for plant in page.plants]
    devices = [device for page in pages for device in page.devices]
    assert [(plant.plant_key, plant.name, plant.timezone) for plant in plants] == [
        ("1598299", "Usina Serf East", "America/Sao_Paulo"),
        ("1598300", "Halle Nord", "Europe/Berlin"),
        ("1598301", "Suzhou Roof 3", "Asia/Shanghai"),
    ]
    assert (plants[0].latitude, plants[0].longitude, plants[0].commissioned_on) == (-21.06, -47.64, date(2024, 2, 12))
    assert [plant.capacity_kwp for plant in plants] == ([270, 120, 204] if credentials is ACCOUNT else [None] * 3)
    assert Counter((device.plant_key, device.kind, device.vendor_type) for device in devices) == {
        ("1598299", "inverter", "1"): 3, ("1598300", "inverter", "1"): 2, ("1598301", "inverter", "1"): 2,
        ("1598299", "logger", "9"): 1, ("1598300", "logger", "9"): 1, ("1598301", "logger", "9"): 1,
    }  # fmt: skip
    assert [(d.name, d.model) for d in devices if d.device_key == "1598299_1_2_1"] == [("INV 2", "SG75CX-P2")]
    assert len(session._budget.calls) == (3 if credentials is ACCOUNT else 5)
