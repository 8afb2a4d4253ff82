"""How the figures of a report made of tables came about is told in whole sentences."""

import io

import pytest
from pypdf import PdfReader

from bench.report_examples import consumption_report, quality_report
from include.reports.listing_report import render_listing


@pytest.mark.parametrize("report", [consumption_report("pt-BR"), quality_report("pt-BR")], ids=["consumption", "quality"])
def test_the_version_begins_a_sentence(report):
    last = PdfReader(io.BytesIO(render_listing(report))).pages[-1].extract_text()

    assert ". Versão 0.1.0." in " ".join(last.split())
