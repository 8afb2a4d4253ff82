"""CPU seconds and memory of reports as files: PDF, workbook and CSV, as they are put into the store.

    python -m bench.reports [--reports 100] [--pages docs/reports]

Monthly reports of plants with 8 inverters, one after the other in one process, and one of a plant with 40. With `--pages` the
pages of each kind of report in both languages are drawn as PNG into that folder instead.

The last line is one JSON object: `plant_report_cpu_s` (the median), `plant_report_40_inverters_cpu_s`,
`portfolio_100_plants_cpu_s`, `all_cpu_s` (all of the monthly ones), `grown_mb` (resident memory after the last one less that
after the first tenth).
"""

import argparse
import json
from dataclasses import replace
from pathlib import Path
from statistics import median
from time import process_time

import psutil
import pypdfium2

from bench.report_examples import (
    BRAND,
    ISSUED,
    consumption_report,
    day_report,
    empty_report,
    everything_report,
    month_report,
    portfolio_report,
    quality_report,
    span_report,
    week_report,
)
from include.reports.listing_report import render_listing
from include.reports.model import figures
from include.reports.observations import observations
from include.reports.plant_report import render
from include.reports.portfolio import portfolio_observations, portfolio_tables
from include.reports.portfolio_report import render_portfolio
from include.reports.tables import plant_tables
from include.reports.workbook import csv_archive, workbook

_SCALE = 1.25


def main() -> None:
    """Measure, or draw."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--reports", type=int, default=100)
    options.add_argument("--pages", type=Path)
    chosen = options.parse_args()
    if chosen.pages:
        draw_pages(chosen.pages)
        return
    print(json.dumps(measure(chosen.reports)))


def measure(count: int) -> dict[str, float]:
    """Make so many monthly reports, and the large ones."""
    seconds, memory = [], []
    for seed in range(count):
        began = process_time()
        make_plant_report(month_report("pt-BR", seed=seed))
        seconds.append(process_time() - began)
        memory.append(psutil.Process().memory_info().rss / 1e6)
    began = process_time()
    make_plant_report(month_report("en", inverters=40))
    large = process_time() - began
    began = process_time()
    report = portfolio_report("en", plants=100)
    render_portfolio(report)
    tables = portfolio_tables(figures(report), [item.text for item in portfolio_observations(report)])
    workbook(tables, title="t", issued_at=ISSUED)
    told = {
        "plant_report_cpu_s": median(seconds),
        "plant_report_40_inverters_cpu_s": large,
        "portfolio_100_plants_cpu_s": process_time() - began,
        "all_cpu_s": sum(seconds),
        "grown_mb": memory[-1] - memory[max(count // 10 - 1, 0)],
    }
    return {name: round(value, 3) for name, value in told.items()}


def make_plant_report(report) -> None:
    """Everything that is put into the store."""
    render(report)
    tables = plant_tables(figures(report), [item.text for item in observations(report)])
    workbook(tables, title=report.report_id, issued_at=report.issued_at)
    csv_archive(tables)


def draw_pages(folder: Path) -> None:
    """Pages of each kind of report in both languages as `<kind>-<language>-<page>.png`."""
    folder.mkdir(parents=True, exist_ok=True)
    for language in ("pt-BR", "en"):
        kinds = {
            "month": render(month_report(language)),
            "day": render(day_report(language)),
            "week": render(week_report(language)),
            "span": render(span_report(language)),
            "month-40-inverters": render(month_report(language, inverters=40)),
            "month-empty": render(empty_report(language)),
            "month-branded": render(replace(month_report(language), brand=BRAND)),
            "month-everything": render(everything_report(language)),
            "portfolio": render_portfolio(portfolio_report(language)),
            "consumption": render_listing(consumption_report(language)),
            "quality": render_listing(quality_report(language)),
        }
        for kind, pdf in kinds.items():
            for number, page in enumerate(pypdfium2.PdfDocument(pdf), 1):
                image = page.render(scale=_SCALE).to_pil()
                image.save(folder / f"{kind}-{language}-{number}.png", optimize=True)


if __name__ == "__main__":
    main()
