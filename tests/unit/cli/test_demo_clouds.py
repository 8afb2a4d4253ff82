import pytest

from cli.run import demo_clouds
from cli.run.demo import DEMO
from include.core.vendors import VENDORS


def cloud(vendor: str, kwh: float | None) -> dict:
    return {"vendor": vendor, "plants": 3, "inverters": 7, "days": 3, "last_day_kwh": kwh, "calls": 29}


@pytest.mark.parametrize("kwh", [None, 0.0])
def test_a_vendor_without_energy_fails_the_run(kwh):
    pulled = [cloud("Deye Cloud", 1204.0), cloud("Huawei FusionSolar", kwh), cloud("Sungrow iSolarCloud", 2071.0)]

    assert demo_clouds.faults(pulled) == ["Huawei FusionSolar brought no energy of the last closed day"]


def test_a_vendor_without_account_fails_the_run():
    assert demo_clouds.faults([cloud("Deye Cloud", 1204.0)]) == ["not every vendor cloud has its account"]


def test_three_vendors_with_energy_are_no_fault():
    assert demo_clouds.faults([cloud(VENDORS[vendor].label, 1.0) for vendor in ("sungrow", "deye", "huawei")]) == []


@pytest.mark.parametrize("vendor", ["sungrow", "deye", "huawei"])
def test_the_accounts_of_the_demo_have_all_that_their_vendors_need(vendor):
    given, vendor = DEMO["clouds"]["accounts"][vendor], VENDORS[vendor]

    assert {field.name for field in vendor.fields if field.is_required} - {"host"} <= given.keys()
    assert given.keys() <= {field.name for field in vendor.fields}
