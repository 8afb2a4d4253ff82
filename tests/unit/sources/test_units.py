import pytest

from include.sources.formats.units import conversion, question


@pytest.mark.parametrize(
    ("quantity", "unit", "written", "ours"),
    [
        ("load_power_kw", "mW", 120, 0.00012),
        ("load_power_kw", "W", 1500, 1.5),
        ("load_power_kw", "w", 1500, 1.5),
        ("load_power_kw", "KW", 2, 2),
        ("load_power_kw", "MW", 2, 2000),
        ("load_power_kw", "GW", 2, 2_000_000),
        ("energy_total_kwh", "mWh", 600, 0.0006),
        ("energy_total_kwh", "KWH", 3, 3),
        ("energy_total_kwh", "kwh", 3, 3),
        ("energy_total_kwh", "k W h", 3, 3),
        ("energy_total_kwh", "MWH", 3, 3000),
        ("energy_total_kwh", "MJ", 3.6, 1),
        ("voltage_v", "MV", 1.2, 1_200_000),
        ("voltage_v", "mV", 220_500, 220.5),
        ("voltage_v", "mv", 220_500, 220.5),
        ("voltage_v", "V", 0.3, 0.3),
        ("current_a", "mA", 250, 0.25),
        ("frequency_hz", "Hz", 60, 60),
        ("temperature_c", "℃", 20.6, 20.6),
        ("temperature_c", "ºC", 20.6, 20.6),
        ("temperature_c", "˚C", 20.6, 20.6),
        ("temperature_c", "Celsius", 20.6, 20.6),
        ("temperature_c", "℉", 50, 10),
        ("temperature_c", "K", 300, 26.85),
        ("irradiance_poa_w_m2", "W/m^2", 900, 900),
        ("irradiance_poa_w_m2", "W/m2", 900, 900),
        ("irradiance_poa_w_m2", "W/m²", 900, 900),
        ("irradiance_poa_w_m2", "W.m-2", 900, 900),
        ("irradiance_poa_w_m2", "W·m⁻²", 900, 900),
        ("irradiance_poa_w_m2", "kW/m²", 0.9, 900),
        ("reactive_power_kvar", "var", 1500, 1.5),
        ("humidity_pct", "% RH", 55, 55),
        ("wind_speed_m_s", "km/h", 36, 10),
    ],
)
def test_a_unit_converts_to_ours(quantity, unit, written, ours):
    assert conversion(quantity, unit)(written) == pytest.approx(ours, rel=1e-15, abs=0)


@pytest.mark.parametrize(
    ("quantity", "unit"),
    [
        ("energy_total_kwh", "kvarh"),
        ("energy_total_kwh", "kW"),
        ("ac_power_kw", "kWh"),
        ("ac_power_kw", "kVA"),
        ("humidity_pct", "°C"),
        ("temperature_c", "ppm"),
        ("state", "V"),
        ("voltage_v", ""),
    ],
)
def test_a_unit_of_something_else_does_not_convert(quantity, unit):
    assert conversion(quantity, unit) is None
    assert question(unit) == f"unit {unit!r}"


def test_an_m_that_may_have_lost_its_case_is_a_question():
    assert conversion("energy_total_kwh", "mwh") is None
    assert question("mwh") == "unit 'mwh' is mWh or MWh: capital or small letters must tell"
    assert question("mw") == "unit 'mw' is mW or MW: capital or small letters must tell"
