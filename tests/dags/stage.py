"""One process with an Airflow and its database, in which tests play scenes: Python text, and runs of DAGs."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

PLAYERS = Path(__file__).with_name("players.py")


class Stage:
    """Starts the process, sends it scenes and reads what became of them."""

    def __init__(self, environment: dict[str, str], log: Path) -> None:
        self._log = log
        self._said: list[str] = []
        self._process = subprocess.Popen(
            [sys.executable, "-W", "ignore", str(PLAYERS), environment["AIRFLOW__CORE__DAGS_FOLDER"]],
            env={"PATH": "/usr/bin:/bin", **environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log.open("w"),
            text=True,
        )

    def play(self, scene: str, *, runs: list[tuple[str, dict[str, Any]]] = ()) -> dict[str, Any]:
        """Play a scene; returns `runs` and what the scene left in `calls`."""
        self._process.stdin.write(json.dumps({"scene": scene, "runs": list(runs)}) + "\n")
        self._process.stdin.flush()
        for line in self._process.stdout:
            if line.startswith("PLAYED "):
                return json.loads(line.removeprefix("PLAYED "))
            self._said.append(line)
        raise AssertionError(f"the stage broke down: {self.said()[-6000:]}")

    def said(self) -> str:
        """All that was written, logs of tasks among it."""
        return "".join(self._said) + self._log.read_text()

    def close(self) -> None:
        self._process.stdin.close()
        self._process.kill()
        self._process.wait()
