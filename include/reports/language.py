"""What customers read: the catalogue in pt-BR and English, and how numbers, money, dates and lists are written in each.

No `locale` module: it is global to the process and depends on what the machine has installed.
Null is written as a dash, never as 0.
"""

import math
import re
from collections.abc import Sequence
from datetime import date, datetime
from typing import Final
from zoneinfo import ZoneInfo

from include.reports.model import Language

DASH: Final = "–"

MONTHS: Final[dict[Language, tuple[str, ...]]] = {
    "pt-BR": (
        "janeiro", "fevereiro", "março", "abril", "maio", "junho",
        "julho", "agosto", "setembro", "outubro", "novembro", "dezembro",
    ),
    "en": (
        "January", "February", "March", "April", "May", "June",
        "July", "August", "September", "October", "November", "December",
    ),
}  # fmt: skip

_TWO_STOPS: Final = re.compile(r"(?<!\.)\.\.(?!\.)")
_SYMBOLS: Final = {"BRL": "R$", "EUR": "€", "USD": "US$", "GBP": "£"}

CATALOGUE: Final[dict[str, dict[Language, str]]] = {
    "report_day": {"pt-BR": "Relatório diário", "en": "Daily report"},
    "report_week": {"pt-BR": "Relatório semanal", "en": "Weekly report"},
    "report_month": {"pt-BR": "Relatório mensal", "en": "Monthly report"},
    "report_cycle": {"pt-BR": "Relatório do ciclo de faturamento", "en": "Report of a billing cycle"},
    "report_span": {"pt-BR": "Relatório do período", "en": "Report of a period"},
    "the_week": {"pt-BR": "A semana", "en": "The week"},
    "the_month": {"pt-BR": "O mês", "en": "The month"},
    "the_cycle": {"pt-BR": "O ciclo", "en": "The cycle"},
    "the_span": {"pt-BR": "O período", "en": "The period"},
    "of_the_week": {"pt-BR": "da semana", "en": "of the week"},
    "of_the_month": {"pt-BR": "do mês", "en": "of the month"},
    "issued": {"pt-BR": "Emitido em {when}", "en": "Issued {when}"},
    "revision": {"pt-BR": "Revisão {number}", "en": "Revision {number}"},
    "provisional": {"pt-BR": "Provisório", "en": "Provisional"},
    "incomplete": {"pt-BR": "Dados {percent} completos", "en": "Data {percent} complete"},
    "no_data": {"pt-BR": "Sem dados", "en": "No data"},
    "capacity_dc": {"pt-BR": "{value}\u00a0kWp", "en": "{value}\u00a0kWp"},
    "capacity_ac": {"pt-BR": "{value}\u00a0kW CA", "en": "{value}\u00a0kW AC"},
    # tiles
    "energy": {"pt-BR": "Geração", "en": "Generation"},
    "target": {"pt-BR": "Meta", "en": "Target"},
    "performance": {"pt-BR": "Desempenho", "en": "Performance"},
    "savings": {"pt-BR": "Economia estimada", "en": "Estimated savings"},
    "yield": {"pt-BR": "Produtividade", "en": "Specific yield"},
    "note_energy_complete": {"pt-BR": "medida no período", "en": "measured in the period"},
    "note_energy_partial": {"pt-BR": "dados {percent} completos", "en": "data {percent} complete"},
    "note_energy_vendor": {"pt-BR": "segundo o fabricante", "en": "by the vendor's own total"},
    "note_energy_none": {"pt-BR": "nenhuma leitura válida", "en": "no valid readings"},
    "note_target_day": {"pt-BR": "do dia", "en": "of the day"},
    "note_target_period": {"pt-BR": "do período inteiro", "en": "of the whole period"},
    "note_target_none": {"pt-BR": "não cadastrada", "en": "not registered"},
    "note_above": {"pt-BR": "{percent} acima da meta", "en": "{percent} above target"},
    "note_below": {"pt-BR": "{percent} abaixo da meta", "en": "{percent} below target"},
    "note_on_target": {"pt-BR": "na meta", "en": "on target"},
    "note_days": {"pt-BR": "vs. meta, {counted} de {expected} dias", "en": "vs. target, {counted} of {expected} days"},
    "note_performance_none": {"pt-BR": "vs. meta, não calculado", "en": "vs. target, not available"},
    "note_not_assessable": {
        "pt-BR": "não avaliável: {counted} de {expected} dias",
        "en": "not assessable: {counted} of {expected} days",
    },
    "note_target_so_far": {"pt-BR": "{period}; {target} até {day}", "en": "{period}; {target} to {day}"},
    "note_price": {"pt-BR": "a {price} por kWh", "en": "at {price} per kWh"},
    "note_price_by_day": {"pt-BR": "à tarifa de cada dia", "en": "at each day's tariff"},
    "note_days_priced": {"pt-BR": "de {count} dias com tarifa", "en": "of {count} days with a tariff"},
    "note_yield": {"pt-BR": "por kWp instalado", "en": "per installed kWp"},
    "note_yield_none": {"pt-BR": "sem potência ou leituras", "en": "no capacity or readings"},
    # marks beside figures
    "marks": {"pt-BR": "Marcas", "en": "Marks"},
    "mark_provisional": {"pt-BR": "provisório", "en": "provisional"},
    "mark_provisional_legend": {"pt-BR": "provisório, ainda pode mudar", "en": "provisional, may still change"},
    "mark_counter": {"pt-BR": "com contadores", "en": "with counters"},
    "mark_counter_legend": {"pt-BR": "contém energia recuperada dos contadores", "en": "holds energy recovered from counters"},
    "mark_incomplete": {"pt-BR": "incompleto", "en": "incomplete"},
    "mark_incomplete_legend": {"pt-BR": "incompleto, faltam leituras", "en": "incomplete, readings are missing"},
    "mark_hardly_measured": {"pt-BR": "pouco medido", "en": "hardly measured"},
    "mark_hardly_measured_legend": {"pt-BR": "pouco medido, leituras paradas", "en": "hardly measured, readings stand still"},
    "mark_restated": {"pt-BR": "retificado", "en": "restated"},
    "mark_restated_legend": {"pt-BR": "retificado desde a revisão anterior", "en": "restated since the revision before"},
    "mark_held_back": {"pt-BR": "leituras retidas", "en": "readings held back"},
    "mark_held_back_legend": {"pt-BR": "leituras retidas, fora do número", "en": "readings held back, not in the figure"},
    # charts
    "chart_day": {"pt-BR": "Potência ao longo do dia", "en": "Power over the day"},
    "chart_days": {"pt-BR": "Geração por dia", "en": "Generation per day"},
    "legend_power": {"pt-BR": "potência", "en": "power"},
    "legend_energy": {"pt-BR": "geração", "en": "generation"},
    "legend_partial_day": {"pt-BR": "dia incompleto", "en": "incomplete day"},
    "legend_partial_month": {"pt-BR": "mês incompleto", "en": "incomplete month"},
    "legend_target_day": {"pt-BR": "meta diária", "en": "daily target"},
    "legend_target_month": {"pt-BR": "meta do mês", "en": "target of the month"},
    "legend_not_compared": {"pt-BR": "sem comparação", "en": "not compared"},
    "legend_gap": {"pt-BR": "sem dados", "en": "no data"},
    "legend_capacity": {"pt-BR": "potência instalada CA", "en": "installed AC power"},
    "chart_no_power": {
        "pt-BR": "A potência não foi medida; só a energia do dia é conhecida",
        "en": "No power was measured; only the energy of the day is known",
    },
    "chart_empty": {"pt-BR": "Nenhuma leitura válida neste período", "en": "No valid readings in this period"},
    # performance windows and data
    "windows": {"pt-BR": "Desempenho vs. meta", "en": "Performance vs. target"},
    "window": {"pt-BR": "Janela", "en": "Window"},
    "window_1": {"pt-BR": "Último dia", "en": "Last day"},
    "window_n": {"pt-BR": "Últimos {days} dias", "en": "Last {days} days"},
    "window_so_far_week": {"pt-BR": "Semana até {day}", "en": "Week to {day}"},
    "window_so_far_month": {"pt-BR": "Mês até {day}", "en": "Month to {day}"},
    "days_counted": {"pt-BR": "Dias", "en": "Days"},
    "of": {"pt-BR": "{counted} de {expected}", "en": "{counted} of {expected}"},
    "column_completeness_long": {"pt-BR": "Dados completos", "en": "Data complete"},
    # inverters
    "inverters": {"pt-BR": "Inversores", "en": "Inverters"},
    "inverters_more": {"pt-BR": "Inversores (continuação)", "en": "Inverters (continued)"},
    "inverter": {"pt-BR": "Inversor", "en": "Inverter"},
    "column_energy": {"pt-BR": "kWh", "en": "kWh"},
    "column_target": {"pt-BR": "Meta kWh", "en": "Target kWh"},
    "column_yield": {"pt-BR": "kWh/kWp", "en": "kWh/kWp"},
    "column_share": {"pt-BR": "vs. pares", "en": "vs. peers"},
    "column_power": {"pt-BR": "Máx. kW", "en": "Max. kW"},
    "column_temperature": {"pt-BR": "Máx. °C", "en": "Max. °C"},
    "column_completeness": {"pt-BR": "Dados", "en": "Data"},
    "inverters_none": {"pt-BR": "Nenhum inversor cadastrado.", "en": "No inverter is registered."},
    # what stands beside the period
    "comparisons": {"pt-BR": "Comparação com outros períodos", "en": "Beside other periods"},
    "compared_period": {"pt-BR": "Período", "en": "Period"},
    "compared_previous": {"pt-BR": "Anterior", "en": "Before"},
    "compared_year_before": {"pt-BR": "Ano anterior", "en": "Year before"},
    "compared_month_to_date": {"pt-BR": "Mês", "en": "Month to date"},
    "compared_year_to_date": {"pt-BR": "Ano", "en": "Year to date"},
    "column_period": {"pt-BR": "Período", "en": "Period"},
    "column_performance_ratio": {"pt-BR": "PR", "en": "PR"},
    "column_data_availability": {"pt-BR": "Disp. dados", "en": "Data avail."},
    "column_technical_availability": {"pt-BR": "Disp. técnica", "en": "Tech. avail."},
    "column_days_known": {"pt-BR": "Dias c/ dados", "en": "Known days"},
    "chart_months": {"pt-BR": "Doze meses vs. meta", "en": "Twelve months vs. target"},
    "of_expected": {"pt-BR": "{share} do esperado", "en": "{share} of expected"},
    "heat_map": {"pt-BR": "Inversores dia a dia", "en": "Inverters day by day"},
    "heat_map_more": {
        "pt-BR": "Inversores dia a dia (continuação)",
        "en": "Inverters day by day (continued)",
    },
    "days": {"pt-BR": "Dias", "en": "Days"},
    "days_in_workbook": {
        "pt-BR": "Os {count} dias deste período, e cada inversor em cada dia, estão na planilha deste relatório.",
        "en": "The {count} days of this period, and each inverter on each of them, are in the workbook of this report.",
    },
    "column_day": {"pt-BR": "Dia", "en": "Day"},
    "column_share_of_target": {"pt-BR": "% da meta", "en": "% of target"},
    "alarms": {"pt-BR": "Alarmes no período", "en": "Alarms of the period"},
    "alarms_left_out": {
        "pt-BR": "Mais {count} tipos de alarme não aparecem aqui; a API lista todos.",
        "en": "{count} more kinds of alarms are not listed here; the API lists them all.",
    },
    "column_alarm": {"pt-BR": "Alarme", "en": "Alarm"},
    "column_device": {"pt-BR": "Equipamento", "en": "Device"},
    "column_severity": {"pt-BR": "Gravidade", "en": "Severity"},
    "column_raised": {"pt-BR": "Desde", "en": "Since"},
    "column_cleared": {"pt-BR": "Até", "en": "Until"},
    "column_lost": {"pt-BR": "Perda kWh", "en": "Lost kWh"},
    "column_lost_value": {"pt-BR": "Valor da perda", "en": "Worth of the loss"},
    "no_tariff": {"pt-BR": "sem tarifa", "en": "no tariff"},
    "several_currencies": {"pt-BR": "várias moedas", "en": "several currencies"},
    "the_plant": {"pt-BR": "usina", "en": "plant"},
    "still_on": {"pt-BR": "ativo no fim", "en": "on at the end"},
    "severity_critical": {"pt-BR": "crítica", "en": "critical"},
    "severity_major": {"pt-BR": "alta", "en": "major"},
    "severity_minor": {"pt-BR": "baixa", "en": "minor"},
    "severity_notice": {"pt-BR": "aviso", "en": "notice"},
    "alarm_outage": {"pt-BR": "Usina parada com sol", "en": "Outage of the plant or the grid"},
    "alarm_zero": {"pt-BR": "Sem potência enquanto os demais geram", "en": "No power while the others work"},
    "alarm_low": {"pt-BR": "Abaixo dos demais", "en": "Low beside its peers"},
    "alarm_stale": {"pt-BR": "Potência congelada", "en": "Power does not move"},
    "alarm_night power": {"pt-BR": "Potência à noite", "en": "Power at night"},
    "alarm_clock shift": {
        "pt-BR": "Potência à noite na maioria dos inversores: relógio errado",
        "en": "Most inverters have power at night: their clock is wrong",
    },
    "alarm_offline": {"pt-BR": "Sem leituras durante o dia", "en": "No readings in daylight"},
    "alarm_counter": {
        "pt-BR": "Contador de energia com defeito dia após dia",
        "en": "Its energy counter misbehaves day after day",
    },
    "co2_avoided": {"pt-BR": "CO2 evitado", "en": "CO2 avoided"},
    # portfolio
    "portfolio_day": {"pt-BR": "Relatório diário das usinas", "en": "Daily report of all plants"},
    "portfolio_week": {"pt-BR": "Relatório semanal das usinas", "en": "Weekly report of all plants"},
    "portfolio_span": {"pt-BR": "Relatório das usinas no período", "en": "Report of all plants over a period"},
    "portfolio_month": {"pt-BR": "Relatório mensal das usinas", "en": "Monthly report of all plants"},
    "plant_count_one": {"pt-BR": "1 usina", "en": "1 plant"},
    "plant_count": {"pt-BR": "{count} usinas", "en": "{count} plants"},
    "plants": {"pt-BR": "Usinas", "en": "Plants"},
    "plants_weakest_first": {"pt-BR": "Usinas, da mais fraca à mais forte", "en": "Plants, the weakest first"},
    "note_plants": {"pt-BR": "{counted} de {expected} usinas com dados", "en": "{counted} of {expected} plants with data"},
    "note_assessable_plants": {
        "pt-BR": "vs. meta, {counted} de {expected} usinas",
        "en": "vs. target, {counted} of {expected} plants",
    },
    "note_priced_plants": {
        "pt-BR": "{counted} de {expected} usinas com tarifa",
        "en": "{counted} of {expected} plants with a tariff",
    },
    "lost": {"pt-BR": "Perda estimada", "en": "Estimated loss"},
    "note_lost": {"pt-BR": "por inversores abaixo dos demais", "en": "by inverters below the others"},
    "alarmed_plants": {"pt-BR": "Usinas em alarme", "en": "Plants in alarm"},
    "note_alarmed": {"pt-BR": "de {expected}, no fim do período", "en": "of {expected}, at the end of it"},
    "column_state": {"pt-BR": "Estado", "en": "State"},
    "column_last_day": {"pt-BR": "Dados até", "en": "Data until"},
    "column_key": {"pt-BR": "Chave", "en": "Key"},
    "column_alarms": {"pt-BR": "Alarmes", "en": "Alarms"},
    "column_currency": {"pt-BR": "Moeda", "en": "Currency"},
    "counted_in_kwh": {"pt-BR": "Geração dos dias contados (kWh)", "en": "Generation of counted days (kWh)"},
    "state_no alarm": {"pt-BR": "sem alarme", "en": "no alarm"},
    "state_no data": {"pt-BR": "sem dados", "en": "no data"},
    "see_no_plant_data": {
        "pt-BR": "Nenhuma das {count} usinas enviou dados até o fim do período; verifique a comunicação. Traço é desconhecido, "
        "não zero.",
        "en": "None of the {count} plants has sent data up to the end of the period; check their communication. A dash means "
        "unknown, not zero.",
    },
    "see_silent_plants": {
        "pt-BR": "Sem dados no período ({count}): {names}.",
        "en": "Without data in the period ({count}): {names}.",
    },
    "see_weak_plant": {
        "pt-BR": "{name}: {percent} da meta, {energy} de {target}\u00a0kWh nos dias contados.",
        "en": "{name}: {percent} of target, {energy} of {target}\u00a0kWh over the days that count.",
    },
    "see_weak_lost": {
        "pt-BR": "Inversores abaixo dos demais perderam cerca de {energy}\u00a0kWh.",
        "en": "Inverters below the others lost about {energy}\u00a0kWh.",
    },
    "see_not_assessable_plants": {
        "pt-BR": "Sem meta ou com poucos dias completos ({count}): {names}.",
        "en": "Without a target, or with too few complete days ({count}): {names}.",
    },
    "see_all_well": {
        "pt-BR": "Todas as usinas avaliadas atingiram pelo menos 95 % da meta.",
        "en": "All assessed plants reached at least 95% of their target.",
    },
    "method_portfolio": {
        "pt-BR": "Geração: a energia publicada de cada usina. Meta e desempenho: só nos dias com pelo menos {percent} de dados e "
        "com meta. Estado: o pior alarme ativo no fim do período; não diz nada sobre a idade dos dados, que está em “Dados até”. "
        "Perda: energia estimada dos inversores que ficaram abaixo dos demais.",
        "en": "Generation: the published energy of each plant. Target and performance: only over days with at least {percent} of "
        "data and a target. State: the worst alarm that was on at the end of the period; it says nothing of the age of the data, "
        "which is under “Data until”. Loss: estimated energy of inverters that were below the others.",
    },
    # consumption
    "consumption_month": {"pt-BR": "Relatório mensal de consumo", "en": "Monthly consumption report"},
    "below_consumption": {"pt-BR": "Todos os clientes", "en": "All customers"},
    "customer_group": {"pt-BR": "Grupo de clientes", "en": "Group of customers"},
    "consumption": {"pt-BR": "Consumo", "en": "Consumption"},
    "legend_consumption": {"pt-BR": "consumo", "en": "consumption"},
    "months_of_consumption": {"pt-BR": "Consumo em doze meses", "en": "Consumption over twelve months"},
    "growth": {"pt-BR": "vs. mês anterior", "en": "vs. month before"},
    "growth_year": {"pt-BR": "vs. ano anterior", "en": "vs. year before"},
    "unusual_customers": {"pt-BR": "Consumos atípicos", "en": "Unusual consumption"},
    "note_customers": {"pt-BR": "{counted} de {expected} clientes", "en": "{counted} of {expected} customers"},
    "note_growth": {"pt-BR": "{before} kWh; {count} clientes", "en": "{before} kWh; {count} customers"},
    "note_growth_none": {"pt-BR": "sem dados para comparar", "en": "nothing to compare with"},
    "note_judged": {"pt-BR": "de {count} avaliados", "en": "of {count} that were judged"},
    "customers": {"pt-BR": "Clientes", "en": "Customers"},
    "customer": {"pt-BR": "Cliente", "en": "Customer"},
    "consumption_in_kwh": {"pt-BR": "Consumo (kWh)", "en": "Consumption (kWh)"},
    "before_in_kwh": {"pt-BR": "Mês ant. (kWh)", "en": "Month before (kWh)"},
    "year_before_in_kwh": {"pt-BR": "Ano ant. (kWh)", "en": "Year before (kWh)"},
    "column_growth": {"pt-BR": "Variação", "en": "Growth"},
    "expected_in_kwh": {"pt-BR": "Esperado (kWh)", "en": "Expected (kWh)"},
    "lower_in_kwh": {"pt-BR": "Mínimo (kWh)", "en": "Least (kWh)"},
    "upper_in_kwh": {"pt-BR": "Máximo (kWh)", "en": "Most (kWh)"},
    "column_verdict": {"pt-BR": "Avaliação", "en": "Verdict"},
    "verdict_usual": {"pt-BR": "normal", "en": "usual"},
    "verdict_high": {"pt-BR": "alto", "en": "high"},
    "verdict_low": {"pt-BR": "baixo", "en": "low"},
    "see_unusual_high": {
        "pt-BR": "{name}: {energy} kWh, acima do máximo usual de {limit} kWh; o esperado era {expected} kWh.",
        "en": "{name}: {energy} kWh, above the usual most of {limit} kWh; {expected} kWh was expected.",
    },
    "see_unusual_low": {
        "pt-BR": "{name}: {energy} kWh, abaixo do mínimo usual de {limit} kWh; o esperado era {expected} kWh.",
        "en": "{name}: {energy} kWh, below the usual least of {limit} kWh; {expected} kWh was expected.",
    },
    "see_unusual_more": {
        "pt-BR": "Mais {count} clientes com consumo atípico estão na tabela.",
        "en": "{count} more customers with unusual consumption are in the table.",
    },
    "see_no_customers": {
        "pt-BR": "Nenhum cliente está cadastrado para este relatório. Se o grupo mudou de nome, peça-o com o novo nome.",
        "en": "No customer is registered for this report. If the group has a new name, ask for it under that name.",
    },
    "see_no_consumption_one": {
        "pt-BR": "Sem dados: nenhum consumo do cliente foi informado neste mês nem nos doze anteriores.",
        "en": "No data: no consumption of the customer was told for this month, nor for the twelve before.",
    },
    "see_no_consumption": {
        "pt-BR": "Sem dados: nenhum consumo dos {count} clientes foi informado neste mês nem nos doze anteriores.",
        "en": "No data: no consumption of the {count} customers was told for this month, nor for the twelve before.",
    },
    "see_customers_missing": {
        "pt-BR": "Sem consumo informado neste mês ({count}): {names}. Não incluídos no total.",
        "en": "No consumption was told for this month ({count}): {names}. Not included in the total.",
    },
    "see_customers_incomplete": {
        "pt-BR": "Falta a fatura de algum ponto de consumo ({count}): {names}. Incluídos no total, mas não na variação.",
        "en": "The bill of a consumption point is missing ({count}): {names}. Included in the total, but not in the growth.",
    },
    "see_consumption_well": {
        "pt-BR": "Nenhum consumo avaliado saiu dos limites usuais.",
        "en": "No consumption that could be judged left its usual limits.",
    },
    "see_nothing_judged": {
        "pt-BR": "Nenhum consumo pôde ser avaliado: faltam meses anteriores.",
        "en": "No consumption could be judged: earlier months are missing.",
    },
    "method_consumption": {
        "pt-BR": "Consumo: a soma dos pontos de consumo de cada cliente no mês, como informada. Variação: só dos clientes com "
        "os dois meses completos. Esperado e limites: de cada cliente, pelos meses anteriores; um mês sem informação não é zero.",
        "en": "Consumption: the sum of each customer's points in the month, as it was told. Growth: only of customers with "
        "both months whole. Expected and limits: of each customer, by the months before; a month of which nothing is told is no "
        "zero.",
    },
    # quality of the data
    "quality_day": {"pt-BR": "Relatório diário de qualidade dos dados", "en": "Daily report on data quality"},
    "quality_week": {"pt-BR": "Relatório semanal de qualidade dos dados", "en": "Weekly report on data quality"},
    "quality_month": {"pt-BR": "Relatório mensal de qualidade dos dados", "en": "Monthly report on data quality"},
    "quality_span": {"pt-BR": "Relatório de qualidade dos dados no período", "en": "Report on data quality over a period"},
    "below_quality": {"pt-BR": "Para quem opera a instalação", "en": "For who runs the installation"},
    "documents": {"pt-BR": "Documentos", "en": "Documents"},
    "note_documents": {"pt-BR": "{refused} recusados, {waiting} à espera", "en": "{refused} refused, {waiting} waiting"},
    "held_back": {"pt-BR": "Em quarentena", "en": "In quarantine"},
    "note_held_back": {"pt-BR": "{count} de {rows} registros", "en": "{count} of {rows} rows"},
    "coverage": {"pt-BR": "Cobertura média", "en": "Mean coverage"},
    "accounts_in_trouble": {"pt-BR": "Contas com problema", "en": "Accounts in trouble"},
    "note_accounts": {"pt-BR": "de {count} contas de fabricantes", "en": "of {count} vendor accounts"},
    "feeds": {"pt-BR": "Documentos por fonte", "en": "Documents by feed"},
    "column_feed": {"pt-BR": "Fonte", "en": "Feed"},
    "column_waiting": {"pt-BR": "À espera", "en": "Waiting"},
    "column_refused": {"pt-BR": "Recusados", "en": "Refused"},
    "column_rows": {"pt-BR": "Registros", "en": "Rows"},
    "column_held_back": {"pt-BR": "Quarentena", "en": "Held back"},
    "column_lateness": {"pt-BR": "Atraso mediano (h)", "en": "Median age (h)"},
    "column_lateness_95": {"pt-BR": "Atraso 95 % (h)", "en": "95 % age (h)"},
    "refused_documents": {"pt-BR": "Documentos recusados", "en": "Refused documents"},
    "column_document": {"pt-BR": "Documento", "en": "Document"},
    "column_reason": {"pt-BR": "Motivo", "en": "Reason"},
    "column_received": {"pt-BR": "Recebido", "en": "Received"},
    "quarantine": {"pt-BR": "Quarentena por regra", "en": "Quarantine by rule"},
    "column_rule": {"pt-BR": "Regra", "en": "Rule"},
    "coverage_of_plants": {"pt-BR": "Cobertura por usina", "en": "Coverage by plant"},
    "column_coverage": {"pt-BR": "Cobertura", "en": "Coverage"},
    "column_days_missing": {"pt-BR": "Dias sem dados", "en": "Days missing"},
    "counters": {"pt-BR": "Contadores com defeito", "en": "Counters that misbehaved"},
    "column_quantity": {"pt-BR": "Grandeza", "en": "Quantity"},
    "column_jumps": {"pt-BR": "Saltos retidos", "en": "Held back"},
    "column_resets": {"pt-BR": "Reinícios", "en": "Resets"},
    "column_dips": {"pt-BR": "Quedas", "en": "Dips"},
    "column_zeros": {"pt-BR": "Zeros", "en": "Zeros"},
    "vendor_accounts": {"pt-BR": "Contas de fabricantes", "en": "Vendor accounts"},
    "column_account": {"pt-BR": "Conta", "en": "Account"},
    "column_vendor": {"pt-BR": "Fabricante", "en": "Vendor"},
    "account_active": {"pt-BR": "ativa", "en": "active"},
    "account_needs attention": {"pt-BR": "requer atenção", "en": "needs attention"},
    "account_disabled": {"pt-BR": "desativada", "en": "disabled"},
    "account_rejected": {"pt-BR": "senha recusada", "en": "rejected"},
    "column_answered": {"pt-BR": "Última resposta", "en": "Last answer"},
    "call_quotas": {"pt-BR": "Cotas de chamadas", "en": "Quotas of calls"},
    "column_calls": {"pt-BR": "Chamadas no período", "en": "Calls in the period"},
    "column_budget_calls": {"pt-BR": "Usadas da cota", "en": "Used of the quota"},
    "column_budget_allowed": {"pt-BR": "Cota", "en": "Quota"},
    "column_budget_share": {"pt-BR": "Uso da cota", "en": "Quota used"},
    "column_requests_waiting": {"pt-BR": "Pedidos à espera", "en": "Requests waiting"},
    "column_blocked": {"pt-BR": "Bloqueada até", "en": "Blocked until"},
    "more_in_workbook": {"pt-BR": "Mais {count} linhas estão na planilha.", "en": "{count} more rows are in the workbook."},
    "see_refused": {
        "pt-BR": "Documentos recusados ({count}); o mais recente, {name}: {reason}",
        "en": "Refused documents ({count}); the newest, {name}: {reason}",
    },
    "see_rule": {
        "pt-BR": "{count} registros de {feed} ficaram em quarentena: {rule}.",
        "en": "{count} rows of {feed} were put into quarantine: {rule}.",
    },
    "see_low_coverage": {
        "pt-BR": "{name}: cobertura de {percent}, {days} dias sem dados.",
        "en": "{name}: coverage of {percent}, {days} days without data.",
    },
    "see_counters": {
        "pt-BR": "Contadores com defeito ({count}); o pior: {name}, em {days} dias.",
        "en": "Counters that misbehaved ({count}); the worst: {name}, on {days} days.",
    },
    "see_account": {"pt-BR": "Conta {name} ({vendor}): {reason}", "en": "Account {name} ({vendor}): {reason}"},
    "see_budget": {
        "pt-BR": "A conta {name} usou {percent} da cota diária de chamadas: {calls} de {allowed} no período.",
        "en": "Account {name} used {percent} of its daily quota of calls: {calls} of {allowed} in the period.",
    },
    "see_budget_unknown": {
        "pt-BR": "Uso da cota de chamadas desconhecido ({count}): {names}. Nenhuma chamada foi contada, ou o fabricante "
        "não limita o dia.",
        "en": "Use of the quota of calls is unknown ({count}): {names}. No call was counted, or the vendor does not limit a day.",
    },
    "see_quality_well": {
        "pt-BR": "Nada a corrigir: nenhum documento recusado, nenhum registro em quarentena, todas as usinas com dados.",
        "en": "Nothing to put right: no document refused, no row in quarantine, data of every plant.",
    },
    "method_quality": {
        "pt-BR": "Documentos: recebidos no período, com o estado no momento da emissão. Atraso: da última leitura de um "
        "documento até o recebimento dele. Cobertura: parte da energia de céu limpo dos dias em cujas horas a energia é "
        "conhecida. Cota: a diária do fabricante de que mais se usou, nos dias do período (UTC), por todas as contas que a "
        "dividem. Horários em {zone}.",
        "en": "Documents: received in the period, in their state when this was issued. Age: from a document's last reading to "
        "its receipt. Coverage: the share of the days' clear-sky energy in whose time the energy is known. "
        "Quota: the vendor's daily one of which most was used, on the days of the period (UTC), by all accounts that share it. "
        "Times in {zone}.",
    },
    # workbooks
    "summary": {"pt-BR": "Resumo", "en": "Summary"},
    "column_figure": {"pt-BR": "Indicador", "en": "Figure"},
    "column_value": {"pt-BR": "Valor", "en": "Value"},
    "column_unit": {"pt-BR": "Unidade", "en": "Unit"},
    "column_plant": {"pt-BR": "Usina", "en": "Plant"},
    "column_tenant": {"pt-BR": "Empresa", "en": "Organisation"},
    "column_zone": {"pt-BR": "Fuso horário", "en": "Time zone"},
    "column_from": {"pt-BR": "De", "en": "From"},
    "column_to": {"pt-BR": "Até", "en": "To"},
    "column_price": {"pt-BR": "Tarifa", "en": "Tariff"},
    "column_factor": {"pt-BR": "Fator de emissão", "en": "Emission factor"},
    "column_source": {"pt-BR": "Origem", "en": "Source"},
    "column_instant": {"pt-BR": "Instante (UTC)", "en": "Instant (UTC)"},
    "column_month": {"pt-BR": "Mês", "en": "Month"},
    "column_count": {"pt-BR": "Vezes", "en": "Times"},
    "energy_in_kwh": {"pt-BR": "Geração (kWh)", "en": "Generation (kWh)"},
    "target_in_kwh": {"pt-BR": "Meta (kWh)", "en": "Target (kWh)"},
    "target_so_far": {"pt-BR": "Meta até o último dia", "en": "Target up to the last day"},
    "power_in_kw": {"pt-BR": "Potência (kW)", "en": "Power (kW)"},
    "share_of_complete_days": {"pt-BR": "Dias completos", "en": "Complete days"},
    "days_counted_long": {"pt-BR": "Dias contados", "en": "Days counted"},
    "days_expected_long": {"pt-BR": "Dias do período", "en": "Days of the period"},
    "recovered": {"pt-BR": "Recuperado dos contadores", "en": "Recovered from counters"},
    "low_days": {"pt-BR": "Dias abaixo", "en": "Low days"},
    "low_since": {"pt-BR": "Abaixo desde", "en": "Low since"},
    "yes": {"pt-BR": "sim", "en": "yes"},
    "no": {"pt-BR": "não", "en": "no"},
    # observations
    "observations": {"pt-BR": "Observações", "en": "Observations"},
    "see_no_data_beside": {
        "pt-BR": "Nenhuma leitura desta usina chegou neste período nem nos períodos comparáveis; verifique a comunicação. "
        "Traço é desconhecido, não zero.",
        "en": "No reading of this plant arrived in this period, nor in those to compare it with; check its communication. "
        "A dash means unknown, not zero.",
    },
    "see_all_held_back": {
        "pt-BR": "Nenhuma leitura desta usina neste período pôde ser usada: as que chegaram foram retidas na verificação. "
        "Traço é desconhecido, não zero.",
        "en": "No reading of this plant in this period could be used: those that arrived were held back by the checks. "
        "A dash means unknown, not zero.",
    },
    "see_no_data": {
        "pt-BR": "Nenhuma leitura desta usina chegou neste período; verifique a comunicação. Traço é desconhecido, não zero.",
        "en": "No reading of this plant arrived in this period; check its communication. A dash means unknown, not zero.",
    },
    "see_above": {
        "pt-BR": "A geração ficou {percent} acima da meta: {energy} de {target}\u00a0kWh em {days}.",
        "en": "Generation was {percent} above target: {energy} of {target}\u00a0kWh over {days}.",
    },
    "see_below": {
        "pt-BR": "A geração ficou {percent} abaixo da meta: {energy} de {target}\u00a0kWh em {days}.",
        "en": "Generation was {percent} below target: {energy} of {target}\u00a0kWh over {days}.",
    },
    "see_on_target": {
        "pt-BR": "A geração ficou na meta: {energy} de {target}\u00a0kWh em {days}.",
        "en": "Generation was on target: {energy} of {target}\u00a0kWh over {days}.",
    },
    "complete_day": {"pt-BR": "1 dia completo", "en": "1 complete day"},
    "complete_days": {"pt-BR": "{count} dias completos", "en": "{count} complete days"},
    "see_no_target": {
        "pt-BR": "Não há meta cadastrada para este período; por isso o desempenho não é mostrado.",
        "en": "No target is registered for this period, so performance is not shown.",
    },
    "see_no_complete_day": {
        "pt-BR": "Nenhum dia tem dados completos (a partir de {percent}); por isso o desempenho não é mostrado.",
        "en": "No day has complete data (from {percent}), so performance is not shown.",
    },
    "see_not_assessable": {
        "pt-BR": "Dados completos e meta em apenas {counted} de {expected} dias: o desempenho ainda não pode ser avaliado. "
        "A geração contada foi de {energy}\u00a0kWh, a meta de {target}\u00a0kWh.",
        "en": "Complete data and a target on only {counted} of {expected} days, so performance cannot be assessed yet. "
        "Counted generation was {energy}\u00a0kWh, the target {target}\u00a0kWh.",
    },
    "see_running": {
        "pt-BR": "{period} ainda não terminou: os números vão até {day}.",
        "en": "{period} is not over yet: the figures run to {day}.",
    },
    "see_negative": {
        "pt-BR": "Com dados completos, a usina consumiu mais do que gerou: {energy}\u00a0kWh ({days}).",
        "en": "With complete data the plant drew more than it made: {energy}\u00a0kWh ({days}).",
    },
    "see_counted_more": {
        "pt-BR": "Nos dias incompletos os contadores de energia indicam {counted}\u00a0kWh, e a geração publicada é de "
        "{published}\u00a0kWh. A diferença não entra nos números: não se sabe em que horas ela foi gerada.",
        "en": "Of the incomplete days the energy counters tell {counted}\u00a0kWh, the published generation is "
        "{published}\u00a0kWh. The difference is not in the figures, for it is unknown in which hours it was made.",
    },
    "see_low": {
        "pt-BR": "{name}: {percent} abaixo do que os demais indicam {when}; perda estimada de {energy}\u00a0kWh{worth}.",
        "en": "{name}: {percent} below what the others show {when}; estimated loss {energy}\u00a0kWh{worth}.",
    },
    "see_dead": {
        "pt-BR": "{name}: parado enquanto os demais geravam {when}; perda estimada de {energy}\u00a0kWh{worth}.",
        "en": "{name}: dead while the others generated {when}; estimated loss {energy}\u00a0kWh{worth}.",
    },
    "see_low_alone": {
        "pt-BR": "{name}: {percent} abaixo do que o seu histórico indica {when}; perda estimada de {energy}\u00a0kWh{worth}.",
        "en": "{name}: {percent} below what its own past shows {when}; estimated loss {energy}\u00a0kWh{worth}.",
    },
    "see_dead_alone": {
        "pt-BR": "{name}: parado {when}; perda estimada de {energy}\u00a0kWh{worth}.",
        "en": "{name}: dead {when}; estimated loss {energy}\u00a0kWh{worth}.",
    },
    "on_day": {"pt-BR": "em {day}", "en": "on {day}"},
    "on_days_since": {"pt-BR": "em {count} dias, desde {day}", "en": "on {count} days, since {day}"},
    "see_low_more_one": {
        "pt-BR": "Mais 1 inversor ficou abaixo dos demais; perda estimada de {energy}\u00a0kWh.",
        "en": "One more inverter was below the others; estimated loss {energy}\u00a0kWh.",
    },
    "see_low_more": {
        "pt-BR": "Mais {count} inversores ficaram abaixo dos demais; perda estimada de {energy}\u00a0kWh ao todo.",
        "en": "{count} more inverters were below the others; estimated loss {energy}\u00a0kWh together.",
    },
    "all_inverters": {"pt-BR": "todos", "en": "all"},
    "see_not_compared": {
        "pt-BR": "Inversores sem comparação ({names}): {reason}.",
        "en": "Inverters not compared ({names}): {reason}.",
    },
    "see_not_compared_one": {"pt-BR": "{names} sem comparação: {reason}.", "en": "{names} is not compared: {reason}."},
    "not_compared_not_measured": {"pt-BR": "faltam leituras", "en": "readings are missing"},
    "not_compared_no_peer": {
        "pt-BR": "nenhum outro inversor da usina enviou leituras suficientes",
        "en": "no other inverter of the plant sent enough readings",
    },
    "not_compared_no_peer_has_power": {"pt-BR": "os demais estavam parados", "en": "the others stood still"},
    "not_compared_no_power_at_all": {
        "pt-BR": "nenhum tinha potência: queda da usina ou da rede",
        "en": "none had power: an outage of the plant or the grid",
    },
    "not_compared_too_little_energy": {"pt-BR": "geração muito pequena para comparar", "en": "too little energy to compare"},
    "not_compared_no_rating_no_past": {
        "pt-BR": "falta a potência nominal, e o histórico ainda é curto",
        "en": "the rating is missing, and the past is still too short",
    },
    "not_compared_past_too_short": {
        "pt-BR": "único inversor, e o histórico ainda é curto",
        "en": "the only inverter, and its past is still too short",
    },
    "not_compared_not_analysed": {"pt-BR": "a análise ainda não foi feita", "en": "the analysis has not been made yet"},
    "see_silent_one": {"pt-BR": "{name} não enviou leituras.", "en": "{name} sent no readings."},
    "see_silent": {
        "pt-BR": "{count} inversores não enviaram leituras: {names}.",
        "en": "{count} inverters sent no readings: {names}.",
    },
    "see_even": {
        "pt-BR": "Os {count} inversores estão próximos do esperado: nenhum dia baixo além do que lhes é usual.",
        "en": "The {count} inverters are close to what is expected: no day lower than is usual for them.",
    },
    "see_missing_day": {"pt-BR": "Falta o dia {days}.", "en": "One day is missing: {days}."},
    "see_missing_days": {"pt-BR": "Faltam {count} dias: {days}.", "en": "{count} days are missing: {days}."},
    "see_missing_hours": {
        "pt-BR": "Ao todo faltam dados de {hours}\u00a0h; a energia dessas horas não é estimada.",
        "en": "In all, data of {hours}\u00a0h is missing; the energy of those hours is not estimated.",
    },
    "see_recovered": {
        "pt-BR": "{energy}\u00a0kWh da geração foram recuperados dos contadores de energia em períodos sem leituras de potência.",
        "en": "{energy}\u00a0kWh of the generation were recovered from energy counters across gaps in the power readings.",
    },
    "see_counter": {
        "pt-BR": "A geração vem dos contadores de energia; não há leituras de potência.",
        "en": "The generation comes from energy counters; there are no power readings.",
    },
    "see_vendor": {
        "pt-BR": "A geração é o total diário informado pelo fabricante; não há leituras de potência nem de contadores.",
        "en": "The generation is the vendor's own total of each day; there are no readings of power or counters.",
    },
    "see_bill_without_pv": {
        "pt-BR": "O local consumiu {energy}\u00a0kWh em {days}; sem a usina, essa energia custaria {bill}.",
        "en": "The place consumed {energy}\u00a0kWh over {days}; without the plant that energy would cost {bill}.",
    },
    "bill_without_pv": {"pt-BR": "Conta sem a usina", "en": "Bill without the plant"},
    "site_consumption": {"pt-BR": "Consumo do local", "en": "Consumption of the place"},
    "see_sources": {"pt-BR": "Origem da geração: {sources}.", "en": "The generation comes from: {sources}."},
    "source_power": {"pt-BR": "potência ({days})", "en": "power ({days})"},
    "source_power and counter": {"pt-BR": "potência e contadores ({days})", "en": "power and counters ({days})"},
    "source_counter": {"pt-BR": "contadores ({days})", "en": "counters ({days})"},
    "source_vendor": {"pt-BR": "total diário do fabricante ({days})", "en": "the vendor's total of the day ({days})"},
    "day_count_one": {"pt-BR": "1 dia", "en": "1 day"},
    "day_count": {"pt-BR": "{count} dias", "en": "{count} days"},
    "see_best": {"pt-BR": "Melhor dia: {day}, com {energy}\u00a0kWh.", "en": "Best day: {day}, with {energy}\u00a0kWh."},
    "see_peak": {
        "pt-BR": "Maior potência média: {power}\u00a0kW às {time}.",
        "en": "Peak mean power: {power}\u00a0kW at {time}.",
    },
    "see_quarantined_one": {
        "pt-BR": "1 leitura retida na verificação não entra nos números ({reasons}).",
        "en": "1 reading was held back by the checks and is not in the figures ({reasons}).",
    },
    "see_quarantined": {
        "pt-BR": "{count} leituras retidas na verificação não entram nos números ({reasons}).",
        "en": "{count} readings were held back by the checks and are not in the figures ({reasons}).",
    },
    "see_provisional": {
        "pt-BR": "Números provisórios: ainda podem chegar leituras atrasadas; uma mudança gera nova revisão.",
        "en": "Provisional figures: late readings may still arrive; a change makes a new revision.",
    },
    "see_revision": {
        "pt-BR": "Esta é a revisão {number} e substitui as anteriores.",
        "en": "This is revision {number} and replaces the earlier ones.",
    },
    "see_restated": {
        "pt-BR": "Dados recebidos depois mudaram a geração de {before} para {after}\u00a0kWh.",
        "en": "Data that came later changed the generation from {before} to {after}\u00a0kWh.",
    },
    "rule_row_whole": {"pt-BR": "registro incompleto", "en": "incomplete record"},
    "rule_time_unambiguous": {"pt-BR": "horário ambíguo", "en": "ambiguous time"},
    "rule_number_unambiguous": {"pt-BR": "número ambíguo", "en": "ambiguous number"},
    "rule_unit_known": {"pt-BR": "unidade ou tipo desconhecido", "en": "unknown unit or type"},
    "rule_time_readable": {"pt-BR": "horário ilegível", "en": "unreadable time"},
    "rule_time_plausible": {"pt-BR": "horário impossível", "en": "impossible time"},
    "rule_subject_known": {"pt-BR": "equipamento não cadastrado", "en": "unregistered device"},
    "rule_value_readable": {"pt-BR": "valor ilegível", "en": "unreadable value"},
    "rule_within_physical_limits": {"pt-BR": "fora do limite físico", "en": "outside physical limits"},
    "rule_power_within_rating": {"pt-BR": "potência fora da nominal", "en": "power outside the rating"},
    "rule_month_is_whole": {"pt-BR": "mês incompleto", "en": "not a whole month"},
    # method and footer
    "method": {"pt-BR": "Como foram obtidos estes números", "en": "How these figures were made"},
    "method_energy": {
        "pt-BR": "Energia: integral da potência CA medida; intervalos sem leituras não são estimados.",
        "en": "Energy: integral of the measured AC power; intervals without readings are not estimated.",
    },
    "method_energy_counters": {
        "pt-BR": "Energia: integral da potência CA medida; onde ela falta, o aumento dos contadores de energia ou, "
        "sem eles, o total diário do fabricante; o que nenhum deles informa não é estimado.",
        "en": "Energy: integral of the measured AC power; where it is missing, the increase of the energy counters or, "
        "without them, the vendor's total of the day; what none of them tells is not estimated.",
    },
    "method_target": {
        "pt-BR": "Meta: valor mensal dividido pelos dias do mês. Desempenho: geração ÷ meta, só nos dias com "
        "pelo menos {percent} de dados; não é o performance ratio (PR) da IEC 61724.",
        "en": "Target: monthly value divided by the days of the month. Performance: generation ÷ target, only over "
        "days with at least {percent} of data; it is not the performance ratio (PR) of IEC 61724.",
    },
    "method_savings": {
        "pt-BR": "Economia estimada: geração × tarifa de {price} por kWh.",
        "en": "Estimated savings: generation × tariff of {price} per kWh.",
    },
    "method_savings_by_day": {
        "pt-BR": "Economia estimada: geração de cada dia × a tarifa em vigor nele.",
        "en": "Estimated savings: generation of each day × the tariff in force on it.",
    },
    "method_co2": {
        "pt-BR": "CO2 evitado: geração × fator de emissão de {factors}.",
        "en": "CO2 avoided: generation × emission factor of {factors}.",
    },
    "emission_factor": {
        "pt-BR": "{factor} kg/kWh ({source}, desde {day})",
        "en": "{factor} kg/kWh ({source}, from {day})",
    },
    "method_place_guessed": {
        "pt-BR": "A usina não tem coordenadas cadastradas: a luz do dia esperada é a da cidade que dá nome ao fuso.",
        "en": "The plant has no coordinates: daylight is expected as in the city that names its time zone.",
    },
    "method_day": {"pt-BR": "Dia: dia civil em {timezone}.", "en": "Day: calendar day in {timezone}."},
    "source_one": {
        "pt-BR": "Origem: 1 documento ({first}), {readings} leituras",
        "en": "Source: 1 document ({first}), {readings} readings",
    },
    "source_many": {
        "pt-BR": "Origem: {documents} documentos ({first} … {last}), {readings} leituras",
        "en": "Source: {documents} documents ({first} … {last}), {readings} readings",
    },
    "source_none": {"pt-BR": "Origem: nenhum documento", "en": "Source: no document"},
    "computed": {"pt-BR": "calculado em {when}", "en": "computed {when}"},
    "version": {"pt-BR": "versão {version}", "en": "version {version}"},
    "footer_report": {
        "pt-BR": "Relatório {report} · revisão {revision} · dados {fingerprint}",
        "en": "Report {report} · revision {revision} · data {fingerprint}",
    },
    "page": {"pt-BR": "Página {number} de {count}", "en": "Page {number} of {count}"},
    # mail
    "mail_subject": {"pt-BR": "{plant}: {report}, {period}", "en": "{plant}: {report}, {period}"},
    "mail_subject_revision": {
        "pt-BR": "{plant}: {report}, {period} (revisão {revision})",
        "en": "{plant}: {report}, {period} (revision {revision})",
    },
    "mail_intro": {
        "pt-BR": "Segue o relatório de {plant}: {period}.",
        "en": "Here is the report of {plant}: {period}.",
    },
    "mail_intro_consumption": {
        "pt-BR": "Segue o relatório de consumo de {plant}: {period}.",
        "en": "Here is the consumption report of {plant}: {period}.",
    },
    "mail_intro_quality": {
        "pt-BR": "Segue o relatório sobre a qualidade dos dados de {plant}: {period}.",
        "en": "Here is the report on the quality of the data of {plant}: {period}.",
    },
    "mail_intro_portfolio": {
        "pt-BR": "Segue o relatório das usinas de {plant}: {period}. A mais fraca vem primeiro.",
        "en": "Here is the report of the plants of {plant}: {period}. The weakest comes first.",
    },
    "mail_more_plants": {
        "pt-BR": "Mais {count} usinas estão no PDF.",
        "en": "{count} more plants are in the PDF.",
    },
    "mail_attached": {"pt-BR": "O relatório completo está no PDF anexo.", "en": "The complete report is in the attached PDF."},
    "mail_link": {
        "pt-BR": "O PDF é grande demais para um anexo ({megabytes} MB). Ele está em: {link}",
        "en": "The PDF is too large to attach ({megabytes} MB). It is here: {link}",
    },
    "mail_no_link": {
        "pt-BR": "O PDF é grande demais para um anexo ({megabytes} MB). Peça-o a quem enviou este relatório.",
        "en": "The PDF is too large to attach ({megabytes} MB). Ask the sender of this report for it.",
    },
    "mail_provisional": {
        "pt-BR": "Números provisórios: ainda podem chegar leituras atrasadas.",
        "en": "Provisional figures: late readings may still arrive.",
    },
    "mail_footer": {
        "pt-BR": "Mensagem automática em nome de {tenant}. Traço (–) significa desconhecido, não zero.",
        "en": "Sent automatically on behalf of {tenant}. A dash (–) means unknown, not zero.",
    },
    "mail_unsubscribe": {
        "pt-BR": "Para mudar os relatórios que recebe ou deixar de recebê-los, escreva para {operator}.",
        "en": "To change which reports you get, or to get no more, write to {operator}.",
    },
}


def say(key: str, language: Language, **values: object) -> str:
    """The sentence of the catalogue with its values put in; values are inserted as they are, braces in them mean nothing.

    A value that ends in a full stop, such as "Ltda.", ends its sentence with it.
    """
    return _TWO_STOPS.sub(".", CATALOGUE[key][language].format(**values))


def number(value: float | None, language: Language, decimals: int = 0) -> str:
    """1.234,56 or 1,234.56; a dash for None, NaN and infinity; a true minus sign, and no minus before a rounded zero."""
    if value is None or not math.isfinite(value):
        return DASH
    text = f"{abs(value):,.{decimals}f}"
    sign = "−" if value < 0 and any(digit in text for digit in "123456789") else ""
    return sign + (text.translate(str.maketrans(",.", ".,")) if language == "pt-BR" else text)


def capacity(value: float, language: Language) -> str:
    """A rated power with one decimal where it has one: 125,4 · 100."""
    return number(value, language, 0 if float(value).is_integer() else 1)


def quantity(value: float | None, language: Language) -> str:
    """A number with the decimals that its size deserves: 0,52 · 12,3 · 1.234."""
    size = abs(value) if value is not None else 0
    return number(value, language, 0 if size >= 100 or size == 0 else 1 if size >= 1 else 2)


def percent(ratio: float | None, language: Language, decimals: int = 1) -> str:
    """A ratio as per cent: 0.974 is 97,4 % or 97.4%; a dash for None."""
    if ratio is None or not math.isfinite(ratio):
        return DASH
    return number(100 * ratio, language, decimals) + ("\u00a0%" if language == "pt-BR" else "%")


def signed_percent(growth: float, language: Language, decimals: int = 1) -> str:
    """+12,3 % or −4,0 %."""
    text = percent(growth, language, decimals)
    return f"+{text}" if growth > 0 and any(digit in text for digit in "123456789") else text


def money(value: float | None, currency: str, language: Language) -> str:
    """R$ 1.234,56 · € 1,234.56; an unknown ISO code is written as it is; a dash for None."""
    if value is None or not math.isfinite(value):
        return DASH
    return f"{symbol(currency)}\u00a0{number(value, language, 2)}"


def symbol(currency: str) -> str:
    """R$ for BRL and so on; other ISO codes stay as they are."""
    return _SYMBOLS.get(currency, currency)


def short_date(day: date, language: Language) -> str:
    """31/10/2026 or 31 Oct 2026."""
    return f"{day:%d/%m/%Y}" if language == "pt-BR" else f"{day.day} {MONTHS['en'][day.month - 1][:3]} {day.year}"


def long_date(day: date, language: Language) -> str:
    """31 de outubro de 2026, 1º de outubro de 2026 or 31 October 2026."""
    return f"{day_and_month(day, language)}{' de' if language == 'pt-BR' else ''} {day.year}"


def day_and_month(day: date, language: Language) -> str:
    """31 de outubro, 1º de outubro or 31 October."""
    return f"{_day(day, language)}{' de' if language == 'pt-BR' else ''} {MONTHS[language][day.month - 1]}"


def period(first: date, last: date, language: Language) -> str:
    """1º a 31 de outubro de 2026 or 1–31 October 2026; both days included, nothing repeated that is the same."""
    if first == last:
        return long_date(last, language)
    if first.year != last.year:
        start = long_date(first, language)
    elif first.month != last.month:
        start = day_and_month(first, language)
    else:
        start = _day(first, language)
    if language == "pt-BR":
        return f"{start} a {long_date(last, language)}"
    return start + ("–" if start.isdigit() else " – ") + long_date(last, language)


def moment(instant: datetime, timezone: ZoneInfo, language: Language) -> str:
    """31/10/2026 18:05 (UTC−03:00): an aware instant in the plant's own time with its offset."""
    local = instant.astimezone(timezone)
    offset = local.strftime("%z")
    zone_text = f"UTC{offset[0].replace('-', '−')}{offset[1:3]}:{offset[3:5]}"
    return f"{short_date(local.date(), language)} {local:%H:%M} ({zone_text})"


def short_moment(instant: datetime, timezone: ZoneInfo, language: Language) -> str:
    """31/10/2026 18:05: an aware instant in a zone that is named elsewhere."""
    local = instant.astimezone(timezone)
    return f"{short_date(local.date(), language)} {local:%H:%M}"


def listed(words: Sequence[str], language: Language) -> str:
    """a, b e c or a, b and c."""
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} {'e' if language == 'pt-BR' else 'and'} {words[-1]}"


def days_listed(days: Sequence[date], language: Language, most: int = 8) -> str:
    """1º, 5 e 17 de outubro: runs of days shortened to 4–9; at most `most` parts, then an ellipsis."""
    runs = _runs(days)
    parts = [_day(run[0], language) if run[0] == run[1] else _run_text(run) for run in runs[:most]]
    if len(runs) > most:
        return ", ".join(parts) + " …"
    if len({(day.year, day.month) for day in days}) == 1:
        month = MONTHS[language][days[0].month - 1]
        return listed(parts, language) + (f" de {month}" if language == "pt-BR" else f" {month}")
    return listed([_run_text(run, language) for run in runs], language)


def _day(day: date, language: Language) -> str:
    """The day of the month; in Portuguese the first is an ordinal."""
    return "1º" if language == "pt-BR" and day.day == 1 else str(day.day)


def _runs(days: Sequence[date]) -> list[tuple[date, date]]:
    runs: list[tuple[date, date]] = []
    for day in sorted(days):
        if runs and (day - runs[-1][1]).days == 1:
            runs[-1] = (runs[-1][0], day)
        else:
            runs.append((day, day))
    return runs


def _run_text(run: tuple[date, date], language: Language | None = None) -> str:
    first, last = (str(day.day) if language is None else day_short(day, language) for day in run)
    return first if run[0] == run[1] else f"{first}–{last}"


def day_short(day: date, language: Language) -> str:
    """31/10 or 31 Oct."""
    return f"{day:%d/%m}" if language == "pt-BR" else f"{day.day} {MONTHS['en'][day.month - 1][:3]}"
