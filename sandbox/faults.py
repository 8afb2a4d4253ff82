"""The faults that are switched on; each can be for a vendor, an interface, a number of calls."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sandbox.answer_shapes import Answer
from sandbox.calls import Call
from sandbox.fault_kinds import KINDS, Kind
from sandbox.sunshine import Sunshine


@dataclass
class Fault:
    """A fault that is switched on; without vendor or interface for all; `left` calls are still to be hit (None: no end)."""

    kind: Kind
    vendor: str | None = None
    interface: str | None = None
    left: int | None = None
    seconds: float | None = None
    hits: int = field(default=0)

    def is_for(self, call: Call) -> bool:
        """Whether the fault can hit a call."""
        return (
            self.left != 0
            and self.vendor in {None, call.vendor}
            and call.vendor in self.kind.vendors
            and self.interface in {None, call.interface}
            and call.is_among(self.kind.calls)
        )

    def hit(self) -> None:
        """Count a call that was spoilt."""
        self.hits += 1
        if self.left is not None:
            self.left -= 1

    def bend(self, call: Call, answer: Answer) -> None:
        """Change an answer in place."""
        if self.kind.on_answer:
            self.kind.on_answer(call, answer)

    def told(self) -> dict[str, Any]:
        """The fault for `/control`."""
        return {
            "name": self.kind.name,
            "vendor": self.vendor,
            "interface": self.interface,
            "left": self.left,
            "seconds": self.seconds,
            "hits": self.hits,
        }


class UnknownFault(Exception):
    """A name or vendor that there is no fault for."""


class Faults:
    """The faults that are switched on."""

    def __init__(self, sunshine: Sunshine, now: Callable[[], datetime]) -> None:
        """`now` is the sandbox's clock, aware UTC."""
        self.sunshine = sunshine
        self.now = now
        self._on: list[Fault] = []

    def switch_on(
        self,
        name: str,
        *,
        vendor: str | None = None,
        interface: str | None = None,
        times: int | None = None,
        seconds: float | None = None,
    ) -> Fault:
        """Switch a fault on; without `times` it hits as many calls as its kind does, and 0 means without end.

        Raises:
            UnknownFault: no kind has this name, or the kind does not exist for the vendor.
        """
        kind = KINDS.get(name)
        if kind is None:
            raise UnknownFault(f"There is no fault named {name!r}; the names are {', '.join(KINDS)}")
        if vendor is not None and vendor not in kind.vendors:
            raise UnknownFault(f"The fault {name!r} does not exist for {vendor!r}, only for {', '.join(kind.vendors)}")
        left = kind.times if times is None else (times or None)
        fault = Fault(kind, vendor=vendor, interface=interface, left=left, seconds=seconds)
        self._on.append(fault)
        return fault

    def switch_on_text(self, text: str) -> Fault:
        """Switch a fault on that is written `name[@vendor[/interface]][=times]`, as on the command line."""
        text, _, times = text.partition("=")
        name, _, where = text.partition("@")
        vendor, _, interface = where.partition("/")
        if times and not times.isdecimal():
            raise UnknownFault(f"The number of calls in {text}={times} is not a number")
        return self.switch_on(name, vendor=vendor or None, interface=interface or None, times=int(times) if times else None)

    def switch_off(self, name: str | None = None) -> int:
        """Switch off the faults of a name, or all; returns how many were on."""
        before = len(self._on)
        self._on = [fault for fault in self._on if name is not None and fault.kind.name != name]
        return before - len(self._on)

    def told(self) -> list[dict[str, Any]]:
        """All faults since they were switched on, ended ones too."""
        return [fault.told() for fault in self._on]

    def are_on(self) -> bool:
        """Whether any fault has calls left to hit."""
        return any(fault.left != 0 for fault in self._on)

    def of(self, call: Call) -> list[Fault]:
        """The faults that can hit a call, in the order of switching on."""
        return [fault for fault in self._on if fault.is_for(call)]
