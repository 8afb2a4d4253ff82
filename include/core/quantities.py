"""The quantity table: the one home of every measured thing's name, unit, kind, physical limits, decimals and label.

Parsers map into these names; checks, rollups, API and reports read them. Limits catch the physically impossible,
not the unlikely. The name carries the unit; `unit` is how people write it.
"""

from dataclasses import dataclass
from typing import Final, Literal

Kind = Literal["power", "gauge", "counter", "amount", "state"]
"""power: gauge whose integral is energy; gauge: mean, min and max make sense; counter: only its increase means something;
amount: belongs to a whole interval and sums; state: text."""


@dataclass(frozen=True, slots=True)
class Quantity:
    """One row of the table. `low` and `high` are inclusive and in `unit`."""

    name: str
    unit: str
    kind: Kind
    low: float
    high: float
    decimals: int
    label_en: str
    label_pt: str


_ROWS: Final = (
    Quantity("ac_power_kw", "kW", "power", -100_000, 500_000, 3, "AC power", "Potência CA"),
    Quantity("dc_power_kw", "kW", "power", -100_000, 500_000, 3, "DC power", "Potência CC"),
    Quantity("load_power_kw", "kW", "power", -100_000, 500_000, 3, "Load power", "Potência consumida"),
    Quantity("energy_total_kwh", "kWh", "counter", 0, 1e12, 3, "Energy counter", "Contador de energia"),
    Quantity("energy_today_kwh", "kWh", "counter", 0, 1e9, 3, "Energy counter of the day", "Contador de energia do dia"),
    Quantity("energy_5min_kwh", "kWh", "amount", 0, 1e9, 3, "Energy of 5 minutes", "Energia de 5 minutos"),
    Quantity("energy_15min_kwh", "kWh", "amount", 0, 1e9, 3, "Energy of 15 minutes", "Energia de 15 minutos"),
    Quantity("energy_30min_kwh", "kWh", "amount", 0, 1e9, 3, "Energy of 30 minutes", "Energia de 30 minutos"),
    Quantity("energy_hour_kwh", "kWh", "amount", 0, 1e9, 3, "Energy of the hour", "Energia da hora"),
    Quantity("energy_day_kwh", "kWh", "amount", 0, 1e9, 3, "Energy of the day", "Energia do dia"),
    Quantity("energy_month_kwh", "kWh", "amount", 0, 1e9, 3, "Energy of the month", "Energia do mês"),
    Quantity("export_5min_kwh", "kWh", "amount", 0, 1e9, 3, "Fed into the grid in 5 minutes", "Energia injetada em 5 minutos"),
    Quantity("export_15min_kwh", "kWh", "amount", 0, 1e9, 3, "Fed into the grid in 15 minutes", "Energia injetada em 15 minutos"),
    Quantity("export_30min_kwh", "kWh", "amount", 0, 1e9, 3, "Fed into the grid in 30 minutes", "Energia injetada em 30 minutos"),
    Quantity("export_hour_kwh", "kWh", "amount", 0, 1e9, 3, "Fed into the grid in the hour", "Energia injetada na hora"),
    Quantity("import_5min_kwh", "kWh", "amount", 0, 1e9, 3, "Bought in 5 minutes", "Energia comprada em 5 minutos"),
    Quantity("import_15min_kwh", "kWh", "amount", 0, 1e9, 3, "Bought in 15 minutes", "Energia comprada em 15 minutos"),
    Quantity("import_30min_kwh", "kWh", "amount", 0, 1e9, 3, "Bought in 30 minutes", "Energia comprada em 30 minutos"),
    Quantity("import_hour_kwh", "kWh", "amount", 0, 1e9, 3, "Bought from the grid in the hour", "Energia comprada na hora"),
    Quantity("export_day_kwh", "kWh", "amount", 0, 1e9, 3, "Fed into the grid in the day", "Energia injetada no dia"),
    Quantity("import_day_kwh", "kWh", "amount", 0, 1e9, 3, "Bought from the grid in the day", "Energia comprada no dia"),
    Quantity("load_day_kwh", "kWh", "amount", 0, 1e9, 3, "Consumed in the day", "Energia consumida no dia"),
    Quantity("export_total_kwh", "kWh", "counter", 0, 1e12, 3, "Feed-in counter", "Contador de energia injetada"),
    Quantity("import_total_kwh", "kWh", "counter", 0, 1e12, 3, "Purchase counter", "Contador de energia comprada"),
    Quantity("grid_power_kw", "kW", "power", -500_000, 500_000, 3, "Grid power (+ = import)", "Potência da rede (+ = compra)"),
    Quantity(
        "battery_power_kw", "kW", "power", -500_000, 500_000, 3, "Battery power (+ = charging)", "Potência da bateria (+ = carga)"
    ),
    Quantity("reactive_power_kvar", "kvar", "gauge", -500_000, 500_000, 3, "Reactive power", "Potência reativa"),
    Quantity("power_factor", "1", "gauge", -1, 1, 3, "Power factor", "Fator de potência"),
    Quantity("irradiation_hour_kwh_m2", "kWh/m²", "amount", 0, 2, 4, "Irradiation of the hour", "Irradiação da hora"),
    Quantity("irradiation_day_kwh_m2", "kWh/m²", "amount", 0, 20, 4, "Irradiation of the day", "Irradiação do dia"),
    Quantity("consumption_kwh", "kWh", "amount", 0, 1e9, 2, "Consumption", "Consumo"),
    Quantity("consumption_peak_kwh", "kWh", "amount", 0, 1e9, 2, "Consumption, peak", "Consumo na ponta"),
    Quantity("consumption_intermediate_kwh", "kWh", "amount", 0, 1e9, 2, "Consumption, intermediate", "Consumo intermediário"),
    Quantity("consumption_off_peak_kwh", "kWh", "amount", 0, 1e9, 2, "Consumption, off-peak", "Consumo fora de ponta"),
    Quantity("temp_inverter_c", "°C", "gauge", -40, 120, 1, "Inverter temperature", "Temperatura do inversor"),
    Quantity("temp_module_c", "°C", "gauge", -40, 120, 1, "Module temperature", "Temperatura do módulo"),
    Quantity("temp_air_c", "°C", "gauge", -60, 60, 1, "Air temperature", "Temperatura do ar"),
    Quantity("temperature_c", "°C", "gauge", -90, 200, 2, "Temperature", "Temperatura"),
    Quantity("humidity_pct", "%", "gauge", 0, 100, 2, "Relative humidity", "Umidade relativa"),
    Quantity("voltage_v", "V", "gauge", -2_000, 2_000_000, 2, "Voltage", "Tensão"),
    Quantity("current_a", "A", "gauge", -100_000, 100_000, 3, "Current", "Corrente"),
    Quantity("frequency_hz", "Hz", "gauge", 0, 100, 3, "Frequency", "Frequência"),
    Quantity("irradiance_poa_w_m2", "W/m²", "gauge", -20, 2_000, 1, "Irradiance", "Irradiância"),
    Quantity("irradiance_ghi_w_m2", "W/m²", "gauge", -20, 2_000, 1, "Global horizontal irradiance", "Irradiância horizontal"),
    Quantity("wind_speed_m_s", "m/s", "gauge", 0, 120, 1, "Wind speed", "Velocidade do vento"),
    Quantity("battery_pct", "%", "gauge", 0, 100, 0, "Battery charge", "Carga da bateria"),
    Quantity("signal_rssi_dbm", "dBm", "gauge", -200, 50, 0, "Signal strength", "Intensidade do sinal"),
    Quantity("signal_lqi", "1", "gauge", 0, 255, 0, "Link quality", "Qualidade do enlace"),
    Quantity("state", "", "state", 0, 0, 0, "State", "Estado"),
)

QUANTITIES: Final[dict[str, Quantity]] = {row.name: row for row in _ROWS}
