"""docs/migration.md leads from every old route and field to one that exists, or says that there is none and why."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest

from include.analysis import questions
from include.core.documents import FEEDS
from include.core.quantities import QUANTITIES
from tests.house.test_docs import commands

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGE = (DOCS / "migration.md").read_text(encoding="utf-8")
API = json.loads((DOCS / "openapi.json").read_text(encoding="utf-8"))
DAGS = {part.split("\n")[0]: part for part in (DOCS / "dags.md").read_text(encoding="utf-8").split("\n## ")[1:]}

DAY = date(2026, 11, 20)
ASKED = questions.QuestionFigures(
    days=(DAY, DAY),
    plants=[{"plant_id": 1, "plant_key": "roof", "name": "Roof", "city": "Campinas"}],
    inverters=[{"plant_id": 1, "device_id": 2, "device_key": "i", "name": "I", "model": "M", "capacity_kw": 5.0}],
    energies=[
        {"plant_id": 1, "device_id": device, "local_date": DAY, "energy_kwh": 9.0, "energy_source": "power", "completeness": 1.0}
        for device in (None, 2)
    ],
    powers=[{"device_id": 2, "local_date": DAY, "max": 4.0}],
    temperatures=[{"device_id": 2, "local_date": DAY, "mean": 40.0, "reading_count": 3}],
)
ANSWERS = [
    ask(ASKED) for ask in (questions.maximum_power, questions.mean_temperature, questions.generation, questions.fleet_dashboard)
]
"""Answers to questions; their members depend on the question, so the OpenAPI document does not list them."""

OLD = {
    "Plants monitored from files": """
        /usinas: id nome localizacao
        /inversores: id nome modelo usina_id
        /medicoes: inversor_id datetime potencia_ativa_watt temperatura_celsius
        /agregacao/resultados: nome_arquivo tipo parametros data_analise
        /agregacao/resultado/{nome_arquivo}: tipo parametros resultado dia potencia_maxima media_temperatura
        /agregacao/dash: tipo parametros data_inicio data_fim geracao_timestamp geracao_total potencia_maxima_total
            temperatura_media_global media_diaria_geracao media_diaria_potencia id nome localizacao temperatura_media modelo
            potencia_maxima dia geracao usinas serie_temporal_usinas
        /ia/status:
        /ia/insights: titulo descricao grafico recomendacoes
        /ia/previsao/geracao: usina_id data_previsao dia geracao_prevista
        /ia/anomalias: data_deteccao periodo total_anomalias dia inversor_id inversor_nome usina_id usina_nome
            temperatura_media potencia_maxima metricas score_anomalia
        /processamento/status/{job_id}:
        /processamento/tipos:
    """,
    "A portal over vendors' clouds": """
        /login: access_token token_type
        /protegido: msg
        /usina: ps_id ps_name location capacidade curr_power total_energy today_energy co2_total income_total
            ps_fault_status
        /usinas:
        /geracoes_diarias: ps_id data energia_gerada_kWh
        /performance_diaria: plant_id mes dias_do_mes projecao_mensal gerado_ontem performance_percentual mensagem
        /performance_7dias: plant_id media_7dias_proj gerado_7dias performance_percentual
        /performance_30dias: plant_id gerado_30dias performance_percentual
        /projecoes/{plant_id}: plant_id month year projection_kwh
        /existe:
        /api/geracao: p1 time production
        /api/geracao/mensal: date production total
        /api/geracao/anual: date production total
        /dados_tecnicos:
        /alarmes_atuais: fault_code fault_name fault_level create_time process_status
        /alarmes_historico:
        /alarmes_atuais/todos:
        /alarmes_historico/todos:
        /integracoes/: id cliente_id plataforma nome status username senha x_access_key appkey appid appsecret companyid
            token_acesso
        /admin/integracoes:
        /clientes: id name email company cnpj telefone plan status payment_status last_payment is_admin
    """,
    "Telemetry of equipment for Home Assistant": """
        /api/v1/auth/login: access_token refresh_token token_type expires_in
        /api/v1/auth/device/login: access_token refresh_token
        /api/v1/auth/refresh: access_token
        /api/v1/auth/me:
        /api/v1/analytics/equipment/{uuid}/history: equipment_uuid period start_date end_date time sensor_uuid sensor_name
            sensor_type sensor_unit avg_value max_value min_value sample_count active_minutes median_value p95_value value
            status metadata
        /api/v1/analytics/sensor/{uuid}/history: sensor_uuid period start_date end_date time avg_value max_value min_value
            sample_count active_minutes median_value p95_value
        /api/v1/analytics/equipment/{uuid}/stats: equipment_uuid period start_date end_date sensor_uuid sensor_name
            sensor_type sensor_unit overall_avg overall_max overall_min total_samples active_periods
        /api/v1/analytics/home-assistant/{uuid}: equipment_uuid period_hours time sensor_uuid sensor_name sensor_type unit
            value max min samples
        /api/v1/telemetry/bulk: status received message claim_check
        /api/v1/health: status service timestamp
        /api/v1/health/detailed: status checks timestamp
        /api/v1/tenant/users:
        /api/v1/tenant/organizations:
        /api/v1/tenant/workspaces:
        /api/v1/tenant/limits:
        /api/v1/tenant/usage/daily: items_count sensors_count bytes_ingested
        /api/v1/tenant/alerts:
        /api/v1/tenant/alerts/history:
        /api/v1/tenant/webhooks:
        /api/v1/admin/tenants:
        /api/v1/admin/tenants/{id}:
        /api/v1/admin/plans:
    """,
    "Analytics of customers' consumption": """
        /api/token/: access refresh
        /api/token/refresh/: access
        /api/v1/clientes/: id nome documento
        /api/v1/consumos/: id cliente mes consumo_kwh data_registro
        /api/v1/analytics/media-consumo/: cliente_id media ultimo_consumo
        /api/v1/analytics/resumo-geral/: total_consumo_geral media_geral total_clientes
        /api/v1/analytics/media-clientes/: cliente_id cliente_nome media
        /api/v1/analytics/crescimento/: mes consumo
        /api/v1/analytics/crescimento-percentual/: mes_atual mes_anterior crescimento_percentual
        /api/v1/analytics/anomalias/: cliente_nome mes_formatado consumo_kwh tipo
        /api/v1/analytics/top-consumers/: nome consumo
        /api/v1/analytics/consumo-clientes/:
        /api/v1/analytics/consumo-total-cliente/: labels valores
        /health/:
    """,
    "Servers and their sensors": """
        /auth/login: access_token
        /data: timestamp temperature humidity voltage current
        /health/{server_id}: server_ulid status server_name
        /health/all: server_ulid status server_name
    """,
}
"""Routes that the old systems answer, and their members as their code and documents name them."""


@dataclass(frozen=True)
class Read:
    """A row of a table of reads, its open cells filled from the row above."""

    section: str
    old_route: str
    old_field: str
    route: str
    field: str
    remark: str


@dataclass(frozen=True)
class Write:
    """A row of a table of writes."""

    section: str
    old: str
    became: str
    by: str
    remark: str


def tables() -> Iterator[tuple[str, str, list[list[str]]]]:
    """Section, first head and rows of each table of the page."""
    for section in PAGE.split("\n## ")[1:]:
        for table in re.findall(r"(?:^\|.*\n?)+", section, re.MULTILINE):
            head, _, *rows = ([cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines())
            yield section.split("\n")[0], head[0], rows


def reads() -> list[Read]:
    found = []
    for section, head, rows in tables():
        if head == "old route":
            above = ["", "", ""]
            for row in rows:
                old_route, route = row[0] or above[0], row[2] or above[1]
                found.append(Read(section, old_route, row[1], route, *row[3:]))
                above = [old_route, route]
    return found


def writes() -> list[Write]:
    return [Write(section, *row) for section, head, rows in tables() if head == "old write" for row in rows]


def quoted(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def operation(route: str) -> Mapping[str, Any] | None:
    """What the OpenAPI document says of a method and a path, whatever its ids are called."""
    method, _, path = route.partition("?")[0].partition(" ")
    for there, operations in API["paths"].items():
        if re.sub(r"\{\w+\}", "{id}", there) == f"/api/v1{path}":
            return operations.get(method.lower())
    return None


def answer_schema(found: Mapping[str, Any]) -> dict[str, Any]:
    return found["responses"]["200"]["content"]["application/json"]["schema"]


def members(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Members of an object, or of the objects that a list or a map holds."""
    if "$ref" in schema:
        return members(API["components"]["schemas"][schema["$ref"].rpartition("/")[2]])
    inside = [*schema.get("anyOf", ()), *schema.get("oneOf", ()), *schema.get("allOf", ()), schema.get("items")]
    inside.append(schema.get("additionalProperties") if isinstance(schema.get("additionalProperties"), dict) else None)
    found = {name: member for part in inside if part for name, member in members(part).items()}
    if schema.get("title") == "DeviceState":
        found |= {quantity: {} for quantity in QUANTITIES}
    return found | schema.get("properties", {})


def has_member(value: Any, path: list[str]) -> bool:
    """Whether an answer holds a member, itself or in the rows of its lists."""
    if not path:
        return True
    if isinstance(value, list):
        return any(has_member(item, path) for item in value)
    return isinstance(value, dict) and path[0] in value and has_member(value[path[0]], path[1:])


def is_answered(schema: dict[str, Any], field: str) -> bool:
    if field.startswith("data.answer."):
        return "answer" in members(members(schema)["data"]) and any(has_member(a, field.split(".")[2:]) for a in ANSWERS)
    for name in field.split("."):
        if name not in (there := members(schema)):
            return False
        schema = there[name]
    return True


def without_reference(schema: dict[str, Any]) -> dict[str, Any]:
    return API["components"]["schemas"][schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema


def wrong_parameters(route: str, found: Mapping[str, Any]) -> list[str]:
    known = {parameter["name"]: json.dumps(without_reference(parameter["schema"])) for parameter in found.get("parameters", ())}
    asked = parse_qsl(route.partition("?")[2], keep_blank_values=True)
    return [
        f"{route}: {name}={value} is not asked so"
        for name, value in asked
        if name not in known or ('"enum"' in known[name] and value and f'"{value}"' not in known[name])
    ]


def wrong_read(row: Read) -> list[str]:
    """What a row of reads promises that is not so."""
    if row.route == "none":
        return [] if row.remark and not row.field else [f"{row.old_route} {row.old_field}: none wants a reason and no field"]
    (route,) = quoted(row.route)
    if route.startswith("helio "):
        return [] if route.removeprefix("helio ") in commands() else [f"there is no {route}"]
    found = operation(route)
    if found is None:
        return [f"there is no {route}"]
    fields = quoted(row.field)
    missing = [f"{route} does not answer {field}" for field in fields if not is_answered(answer_schema(found), field)]
    return wrong_parameters(route, found) + missing + ([] if fields else [f"{row.old_route} {row.old_field} names no field"])


def wrong_write(row: Write) -> list[str]:
    """What a row of writes promises that is not so."""
    if row.became == "none":
        return [] if row.remark and not row.by else [f"{row.old}: none wants a reason"]
    (by,) = quoted(row.by)
    good = {
        "form": "\nForm:\n" in DAGS.get(by, ""),
        "drop": by in FEEDS,
        "command": by.removeprefix("helio ") in commands(),
        "by itself": by in DAGS and "- **When:** by hand" not in DAGS[by],
    }
    return [] if good.get(row.became) else [f"{row.old}: {by} is no {row.became}"]


@pytest.mark.parametrize("section", OLD)
def test_every_old_route_and_field_has_a_row(section):
    told: dict[str, set[str]] = {}
    for row in reads():
        if row.section == section:
            for route in quoted(row.old_route):
                if route.startswith("/"):
                    last = {name.removesuffix("[]").rpartition(".")[2] for name in quoted(row.old_field)}
                    told.setdefault(route.partition("?")[0], set()).update(last)

    for line in re.sub(r"\n {12}", " ", OLD[section]).strip().splitlines():
        route, _, names = line.strip().partition(":")
        assert route in told, f"{route} has no row"
        assert set(names.split()) <= told[route], f"{route}: {set(names.split()) - told[route]} have no row"


def test_every_new_route_parameter_and_field_exists():
    rows = reads()

    assert {row.section for row in rows} == OLD.keys()
    assert [fault for row in rows for fault in wrong_read(row)] == []


def test_every_form_drop_and_command_exists():
    rows = writes()

    assert {row.section for row in rows} == OLD.keys()
    assert {row.became for row in rows} == {"form", "drop", "command", "by itself", "none"}
    assert [fault for row in rows for fault in wrong_write(row)] == []


def test_every_route_and_word_of_ours_that_a_remark_names_exists():
    paths = {word for row in (*reads(), *writes()) for word in quoted(row.remark) if re.match(r"/(?!api/)", word)}
    words = {word for row in (*reads(), *writes()) for word in quoted(row.remark) if re.fullmatch(r"[a-z]+_[a-z_]+", word)}

    fields = {name for schema in API["components"]["schemas"].values() for name in schema.get("properties", {})}
    asked = {"fleet_dashboard", "maximum_power", "mean_temperature", "plant_generation", "device_generation"}

    assert len(paths) > 5
    assert [path for path in paths if operation(f"GET {path}") is None] == []
    assert words - fields - asked - DAGS.keys() - set(FEEDS) - QUANTITIES.keys() - {"first_day", "last_day", "end_time"} == set()


@pytest.mark.parametrize(
    ("route", "field", "fault"),
    [
        ("`GET /plant`", "`data.name`", "there is no GET /plant"),
        ("`POST /plants`", "`data.name`", "there is no POST /plants"),
        ("`GET /plants`", "`data.nome`", "GET /plants does not answer data.nome"),
        ("`GET /plants`", "`name`", "GET /plants does not answer name"),
        ("`GET /plants?grain=day`", "`data.name`", "GET /plants?grain=day: grain=day is not asked so"),
        ("`GET /devices?kind=usina`", "`data.name`", "GET /devices?kind=usina: kind=usina is not asked so"),
        ("`GET /devices/{id}/now`", "`data.power_watt`", "GET /devices/{id}/now does not answer data.power_watt"),
        ("`GET /analyses/{id}`", "`data.answer.totals.peak`", "GET /analyses/{id} does not answer data.answer.totals.peak"),
        ("`GET /plants`", "", "/old old names no field"),
        ("`helio tenant drop`", "", "there is no helio tenant drop"),
        ("none", "`data.name`", "/old old: none wants a reason and no field"),
    ],
)
def test_a_wrong_row_of_reads_is_found(route, field, fault):
    assert wrong_read(Read("", "/old", "old", route, field, "")) == [fault]


@pytest.mark.parametrize(
    ("became", "by"),
    [
        ("form", "`load_readings`"),
        ("form", "`set_prices`"),
        ("drop", "`readings`"),
        ("command", "`helio user drop`"),
        ("by itself", "`set_targets`"),
        ("mail", "`send_mail`"),
    ],
)
def test_a_wrong_row_of_writes_is_found(became, by):
    assert wrong_write(Write("", "POST /old", became, by, "")) == [f"POST /old: {by.strip('`')} is no {became}"]
