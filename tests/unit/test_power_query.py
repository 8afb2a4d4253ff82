"""The query for Power BI in docs/integrate.md, read by the parser that Power BI's own tools are made with."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.production.compose_file import ROOT

pytestmark = pytest.mark.torture

PARSER = "@microsoft/powerquery-parser@0.18.4"
READ = """
const { DefaultSettings, TaskUtils } = require("@microsoft/powerquery-parser");
TaskUtils.tryLexParse(DefaultSettings, require("fs").readFileSync(0, "utf8")).then((task) => {
  if (!TaskUtils.isParseStageOk(task)) { console.error(task.error.message); process.exit(1); }
});
"""
QUERIES = re.findall(
    r"^```\n(let\n.*?)^```", (ROOT / "docs" / "integrate.md").read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
)


@pytest.fixture(scope="module")
def parser(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if shutil.which("npm") is None:
        pytest.fail("npm is not installed (Debian: apt-get install npm)")
    folder = tmp_path_factory.mktemp("power_query")
    subprocess.run(["npm", "install", "--silent", "--prefix", folder, PARSER], check=True, capture_output=True)
    return folder


def fault(parser: Path, query: str) -> str:
    return subprocess.run(["node", "-e", READ], cwd=parser, input=query, capture_output=True, text=True, check=False).stderr


def test_the_query_of_the_docs_is_m(parser):
    assert len(QUERIES) == 1
    assert fault(parser, QUERIES[0]) == ""


@pytest.mark.parametrize(("right", "wrong"), [("Headers = [", "Headers = "), ("Days = ", "Days "), ("\nin\n", "\n")])
def test_the_parser_finds_what_is_wrong(parser, right, wrong):
    assert fault(parser, QUERIES[0].replace(right, wrong, 1)) != ""
