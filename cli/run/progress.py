"""What a run shows while it works: one line per stage, with its time; a live spinner on a terminal, plain lines elsewhere."""

import contextlib
import time
from collections.abc import Iterator

from rich.console import Console
from rich.status import Status


class Progress:
    """Prints stages to a console; `say` inside a stage tells how far it is."""

    def __init__(self, console: Console) -> None:
        """Keep the console; whether it is a terminal decides the form."""
        self.console = console
        self._status: Status | None = None
        self._label = ""
        self._said = ""
        self._next_line_at = 0.0

    @contextlib.contextmanager
    def stage(self, label: str) -> Iterator[None]:
        """One stage: its label, what it said last, and its wall time [s]; a failed one is marked."""
        begun = time.monotonic()
        self._label, self._said, self._next_line_at = label, "", begun + 10
        mark = "failed"
        try:
            with self._spinner(label):
                yield
            mark = "ok"
        finally:
            colour = "green" if mark == "ok" else "red"
            said = f"  [dim]{self._said}[/dim]" if self._said else ""
            seconds = time.monotonic() - begun
            self.console.print(
                f"[{colour}]{mark:>6}[/{colour}] {label:<34} {seconds:6.1f} s{said}", highlight=False, soft_wrap=True
            )

    def say(self, text: str) -> None:
        """How far the current stage is; on a terminal at once, else as a line at most every 10 s."""
        self._said = text
        if self._status is not None:
            self._status.update(f"{self._label}  [dim]{text}[/dim]")
        elif time.monotonic() >= self._next_line_at:
            self._next_line_at = time.monotonic() + 10
            self.console.print(f"   ... {self._label}: {text}", highlight=False, soft_wrap=True)

    @contextlib.contextmanager
    def _spinner(self, label: str) -> Iterator[None]:
        if not self.console.is_terminal:
            yield
            return
        with self.console.status(label) as self._status:
            yield
        self._status = None
