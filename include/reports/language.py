"""What customers read: the catalogue in pt-BR and English, and how numbers, money, dates and lists are written in each.

No `locale` module: it is global to the process and depends on what the machine has installed.
Null is written as a dash, never as 0.
"""

import math
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

_SYMBOLS: Final = {"BRL": "R$", "EUR": "€", "USD": "US$", "GBP": "£"}

CATALOGUE: Final[dict[str, dict[Language, str]]] = {
    "report_day": {"pt-BR": "Relatório diário", "en": "Daily report"},
    "report_month": {"pt-BR": "Relatório mensal", "en": "Monthly report"},
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
    "note_energy_none": {"pt-BR": "nenhuma leitura", "en": "no readings"},
    "note_target_day": {"pt-BR": "do dia", "en": "of the day"},
    "note_target_month": {"pt-BR": "do período inteiro", "en": "of the whole period"},
    "note_target_none": {"pt-BR": "não cadastrada", "en": "not registered"},
    "note_above": {"pt-BR": "{percent} acima da meta", "en": "{percent} above target"},
    "note_below": {"pt-BR": "{percent} abaixo da meta", "en": "{percent} below target"},
    "note_on_target": {"pt-BR": "na meta", "en": "on target"},
    "note_days": {"pt-BR": "vs. meta, {counted} de {expected} dias", "en": "vs. target, {counted} of {expected} days"},
    "note_performance_none": {"pt-BR": "vs. meta, não calculado", "en": "vs. target, not available"},
    "note_price": {"pt-BR": "a {price} por kWh", "en": "at {price} per kWh"},
    "note_yield": {"pt-BR": "por kWp instalado", "en": "per installed kWp"},
    "note_yield_none": {"pt-BR": "sem potência ou leituras", "en": "no capacity or readings"},
    # charts
    "chart_day": {"pt-BR": "Potência ao longo do dia", "en": "Power over the day"},
    "chart_month": {"pt-BR": "Geração por dia", "en": "Generation per day"},
    "legend_power": {"pt-BR": "potência", "en": "power"},
    "legend_energy": {"pt-BR": "geração", "en": "generation"},
    "legend_partial": {"pt-BR": "dia incompleto", "en": "incomplete day"},
    "legend_target": {"pt-BR": "meta diária", "en": "daily target"},
    "legend_gap": {"pt-BR": "sem dados", "en": "no data"},
    "legend_capacity": {"pt-BR": "potência instalada CA", "en": "installed AC power"},
    "chart_no_power": {
        "pt-BR": "A potência não foi medida; só a energia do dia é conhecida",
        "en": "No power was measured; only the energy of the day is known",
    },
    "chart_empty": {"pt-BR": "Nenhuma leitura neste período", "en": "No readings in this period"},
    # performance windows and data
    "windows": {"pt-BR": "Desempenho vs. meta", "en": "Performance vs. target"},
    "window": {"pt-BR": "Janela", "en": "Window"},
    "window_1": {"pt-BR": "Último dia", "en": "Last day"},
    "window_n": {"pt-BR": "Últimos {days} dias", "en": "Last {days} days"},
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
    # observations
    "observations": {"pt-BR": "Observações", "en": "Observations"},
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
    "see_low": {
        "pt-BR": "{name}: {yield}\u00a0kWh/kWp, {percent} abaixo da mediana dos inversores.",
        "en": "{name}: {yield}\u00a0kWh/kWp, {percent} below the median of the inverters.",
    },
    "see_low_more": {
        "pt-BR": "Mais {count} inversores estão abaixo de {percent} da mediana; veja a tabela.",
        "en": "{count} more inverters are below {percent} of the median; see the table.",
    },
    "see_silent_one": {"pt-BR": "{name} não enviou leituras.", "en": "{name} sent no readings."},
    "see_silent": {
        "pt-BR": "{count} inversores não enviaram leituras: {names}.",
        "en": "{count} inverters sent no readings: {names}.",
    },
    "see_even": {
        "pt-BR": "Os {count} inversores estão próximos entre si: nenhum abaixo de {percent} da mediana.",
        "en": "The {count} inverters are close to each other: none below {percent} of the median.",
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
}


def say(key: str, language: Language, **values: object) -> str:
    """The sentence of the catalogue with its values put in; values are inserted as they are, braces in them mean nothing."""
    return CATALOGUE[key][language].format(**values)


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
    """31 de outubro de 2026 or 31 October 2026."""
    month = MONTHS[language][day.month - 1]
    return f"{day.day} de {month} de {day.year}" if language == "pt-BR" else f"{day.day} {month} {day.year}"


def day_and_month(day: date, language: Language) -> str:
    """31 de outubro or 31 October."""
    month = MONTHS[language][day.month - 1]
    return f"{day.day} de {month}" if language == "pt-BR" else f"{day.day} {month}"


def period(first: date, last: date, language: Language) -> str:
    """1 a 31 de outubro de 2026 or 1–31 October 2026; both days included, nothing repeated that is the same."""
    if first == last:
        return long_date(last, language)
    if first.year != last.year:
        start = long_date(first, language)
    elif first.month != last.month:
        start = day_and_month(first, language)
    else:
        start = str(first.day)
    if language == "pt-BR":
        return f"{start} a {long_date(last, language)}"
    return start + ("–" if start.isdigit() else " – ") + long_date(last, language)


def moment(instant: datetime, timezone: ZoneInfo, language: Language) -> str:
    """31/10/2026 18:05 (UTC−03:00): an aware instant in the plant's own time with its offset."""
    local = instant.astimezone(timezone)
    offset = local.strftime("%z")
    zone_text = f"UTC{offset[0].replace('-', '−')}{offset[1:3]}:{offset[3:5]}"
    return f"{short_date(local.date(), language)} {local:%H:%M} ({zone_text})"


def listed(words: Sequence[str], language: Language) -> str:
    """a, b e c or a, b and c."""
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} {'e' if language == 'pt-BR' else 'and'} {words[-1]}"


def days_listed(days: Sequence[date], language: Language, most: int = 8) -> str:
    """4, 5 e 17 de outubro: runs of three and more days shortened to 4–9; at most `most` parts, then an ellipsis."""
    runs = _runs(days)
    parts = [_run_text(run) for run in runs[:most]]
    if len(runs) > most:
        return ", ".join(parts) + " …"
    if len({(day.year, day.month) for day in days}) == 1:
        month = MONTHS[language][days[0].month - 1]
        return listed(parts, language) + (f" de {month}" if language == "pt-BR" else f" {month}")
    return listed([_run_text(run, language) for run in runs], language)


def _runs(days: Sequence[date]) -> list[tuple[date, date]]:
    runs: list[tuple[date, date]] = []
    for day in sorted(days):
        if runs and (day - runs[-1][1]).days == 1:
            runs[-1] = (runs[-1][0], day)
        else:
            runs.append((day, day))
    return runs


def _run_text(run: tuple[date, date], language: Language | None = None) -> str:
    first, last = (str(day.day) if language is None else _day_slash(day, language) for day in run)
    return first if run[0] == run[1] else f"{first}–{last}"


def _day_slash(day: date, language: Language) -> str:
    return f"{day:%d/%m}" if language == "pt-BR" else f"{day.day} {MONTHS['en'][day.month - 1][:3]}"
