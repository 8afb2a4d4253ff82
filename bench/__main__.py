"""`make bench`: every benchmark, one after the other, with their defaults; one that fails holds back no other.

The last line is one JSON object: by benchmark the figures of its own last line, or under `error` why there are none.
"""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any


def main() -> int:
    """Run them; returns 1 where one failed, else 0."""
    figures = {}
    for program in programs():
        print(f"\n{program}\n{'=' * len(program)}", flush=True)
        figures[program] = figures_of([sys.executable, "-m", program])
    print(json.dumps(figures))
    return int(any("error" in of_one for of_one in figures.values()))


def programs() -> list[str]:
    """The benchmarks: files beside this one that say which figures their last line holds."""
    files = sorted(Path(__file__).parent.glob("[a-z]*.py"))
    return [f"bench.{file.stem}" for file in files if "last line is one JSON object" in " ".join(file.read_text().split())]


def figures_of(command: Sequence[str]) -> dict[str, Any]:
    """Run a benchmark, show what it prints, and read its last line."""
    last = ""
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as running:
        for line in running.stdout or ():
            print(line, end="", flush=True)
            last = line.strip() or last
    if running.returncode:
        return {"error": f"it ended with {running.returncode}"}
    try:
        found = json.loads(last)
    except ValueError:
        found = None
    return found if isinstance(found, dict) else {"error": "its last line is no JSON object"}


if __name__ == "__main__":
    sys.exit(main())
