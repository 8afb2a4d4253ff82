"""`helio verify`: does a report that somebody holds still say what was issued, and what the data say now?"""

from pathlib import Path
from typing import Annotated

import typer

from include.core.settings import Settings
from include.steps.verify import verify_report


def verify(file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="The PDF of a report.")]) -> None:
    """Compare a report with the registry, the report store and today's data; status 1 where something differs."""
    verdict = verify_report(Settings.from_environment(), file.read_bytes())
    if verdict.report:
        print(verdict.report)
    for part, is_right, sentence in verdict.sentences:
        print(f"{part:9} {'ok' if is_right else 'DIFFERS':8} {sentence}")
    if not verdict.holds:
        raise typer.Exit(1)
