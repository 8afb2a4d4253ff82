import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.core.quantities import QUANTITIES
from include.sources.drops.inverter_columns import INTERVAL_ENERGY, Device, MeasuredColumn, UnreadableColumn, measure_of


def read(*header):
    """(quantity, what 1 written becomes, key of the device) of a header, or None."""
    found = measure_of(header)
    return (
        (found.quantity, found.conversion(1.0), found.device and found.device.key) if isinstance(found, MeasuredColumn) else None
    )


@pytest.mark.parametrize(
    ("header", "quantity", "one_becomes"),
    [
        ("Pac(W)", "ac_power_kw", 0.001),
        ("Active power(kW)", "ac_power_kw", 1),
        ("Total AC Output Power (Active)(W)", "ac_power_kw", 0.001),
        ("Generation Power(kW)", "ac_power_kw", 1),
        ("potencia_ativa_watt", "ac_power_kw", 0.001),
        ("Potência ativa (kW)", "ac_power_kw", 1),
        ("Potencia activa total (W)", "ac_power_kw", 0.001),
        ("Leistung [W]", "ac_power_kw", 0.001),
        ("power_mw", None, None),
        ("Potência (MW)", "ac_power_kw", 1000),
        ("Potência (mW)", "ac_power_kw", 1e-6),
        ("PacTot", "ac_power_kw", 0.001),
        ("Ppv(W)", "dc_power_kw", 0.001),
        ("Total DC Power(kW)", "dc_power_kw", 1),
        ("EToday", "energy_today_kwh", 1),
        ("Eac_today(kWh)", "energy_today_kwh", 1),
        ("E-Today(kWh)", "energy_today_kwh", 1),
        ("Daily Production (Active)(kWh)", "energy_today_kwh", 1),
        ("Geração do dia (kWh)", "energy_today_kwh", 1),
        ("Energía diaria (Wh)", "energy_today_kwh", 0.001),
        ("Tagesertrag (kWh)", "energy_today_kwh", 1),
        ("EacTotal(kWh)", "energy_total_kwh", 1),
        ("Cumulative Production (Active)(kWh)", "energy_total_kwh", 1),
        ("Geração total (MWh)", "energy_total_kwh", 1000),
        ("Gesamtertrag [kWh]", "energy_total_kwh", 1),
        ("Energy Produced (Wh)", INTERVAL_ENERGY, 0.001),
        ("Temperature(℃)", "temp_inverter_c", 1),
        ("Temp. inversor (°C)", "temp_inverter_c", 1),
        ("Temperatura do módulo (°C)", "temp_module_c", 1),
        ("ambient_temp", "temp_air_c", 1),
        ("Grid frequency(Hz)", "frequency_hz", 1),
        ("Power factor", "power_factor", 1),
        ("Fator de potência", "power_factor", 1),
        ("AC voltage (V)", "voltage_v", 1),
        ("poa_irradiance", "irradiance_poa_w_m2", 1),
        ("Reactive power(kvar)", "reactive_power_kvar", 1),
    ],
)
def test_words_and_unit_make_the_quantity(header, quantity, one_becomes):
    assert read(header) == (None if quantity is None else (quantity, pytest.approx(one_becomes), None))


@pytest.mark.parametrize(
    ("header", "key"),
    [
        (["WR1: Pac [kW]"], "WR1"),
        (["Inverter 1 | Energy | Fronius Symo", "[Wh]"], "Inverter 1"),
        (["Energy | Symo 8.2-3-M (1)", "[Wh]"], "Symo 8.2-3-M (1)"),
        (["Inverter1(COM1-001)(123)/Total active power(kW)"], "Inverter1(COM1-001)(123)"),
        (["inv2_ac_power_w__1047"], "inv2"),
        (["ac_power_kw_1137"], "1137"),
        (["Active power Inverter 1 (kW)"], "Inverter 1"),
        (["Pac (W) INV-03"], "INV-03"),
        (["Usina 1 - Inversor 2: Potência (kW)"], "Usina 1 - Inversor 2"),
        (["Telhado Norte | Potência [kW]"], "Telhado Norte"),
        (["SN: 2100070361", "SB 4000TL-20", "2100070361", "Leistung", "Analog", "kW"], "2100070361"),
    ],
)
def test_what_is_left_of_a_header_names_the_device(header, key):
    assert read(*header)[2] == key


def test_a_header_of_several_lines_tells_serial_name_and_model():
    found = measure_of(["Roof A", "SB 4000TL-20", "2100070361", "Gesamtertrag", "Counter", "kWh"])

    assert found.device == Device("2100070361", "Roof A", "SB 4000TL-20")


@pytest.mark.parametrize(
    "header",
    [
        "PV1 Power(kW)", "Vac(R)(V)", "AC Voltage R/U/A(V)", "Inverter Output Power L1(W)", "Pac1", "Ppv1(W)", "Vpv1(V)",
        "Grid Power(kW)", "Load Power(kW)", "Battery power (W)", "Consumption energy (kWh)", "Energie ins Netz eingespeist [Wh]",
        "Rated power (kW)", "Setpoint active power (kW)", "Apparent power (W)", "Plant daily yield(kWh)", "System Production (W)",
        "IPM Temperature(℃)", "Desired active power (kW)", "dc_pos_voltage__774", "Status", "Time", "RSSI(%)", "A", "",
        "Power(%)", "Specific yield (kWh)", "Monthly energy (kWh)",
    ],
)  # fmt: skip
def test_parts_grids_loads_and_whole_plants_are_no_columns_of_an_inverter(header):
    assert read(header) is None


@pytest.mark.parametrize("header", ["Pac", "ac_power__315", "Potência ativa", "Energy", "Energia total", "Pac (mw)"])
def test_power_and_energy_without_a_clear_unit_are_never_guessed(header):
    found = measure_of([header])

    assert isinstance(found, UnreadableColumn)
    assert "neither" in found.why or "m" in found.why


@given(
    st.sampled_from(["W", "kW", "MW"]), st.sampled_from(["Pac", "Active power", "Potência ativa", "Leistung"]), st.integers(1, 99)
)
def test_every_spelling_of_a_power_has_the_factor_of_its_unit(unit, word, number):
    factor = {"W": 0.001, "kW": 1, "MW": 1000}[unit]
    spellings = [
        f"{word} ({unit})", f"{word} [{unit}]", f"{word} {unit}", f"{word}({unit})", f"WR{number}: {word} [{unit}]",
        f"Inverter {number} | {word} ({unit})",
    ]  # fmt: skip

    assert [read(each)[:2] for each in spellings] == [("ac_power_kw", pytest.approx(factor))] * len(spellings)


@given(st.text(max_size=60))
def test_any_header_is_a_known_quantity_or_none(text):
    found = measure_of([text])

    assert not isinstance(found, MeasuredColumn) or found.quantity in QUANTITIES or found.quantity == INTERVAL_ENERGY
