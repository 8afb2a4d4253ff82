"""How many requests were answered, and how long it took, as Prometheus reads them."""

import os
import re
from collections.abc import Iterable
from typing import Final

from prometheus_client import CollectorRegistry, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

FOLDER_VARIABLE: Final = "PROMETHEUS_MULTIPROC_DIR"
"""Names the folder in which the processes of an API add up; the client library looks at it when it is imported."""

_METHODS: Final = frozenset({"GET", "HEAD", "POST"})
_ID: Final = re.compile(r"/\d+(?=/|$)")
_PARAMETER: Final = re.compile(r"\{[^}]*\}")
_BUCKETS_S: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0)
_OTHER: Final = "other"


class RequestCounts:
    """Requests by method, route and status. Whatever a caller may invent is `other`: it makes no series of its own."""

    def __init__(self) -> None:
        """Begin with no request."""
        self._routes: frozenset[str] = frozenset()
        self._registry = CollectorRegistry()
        self._took_s = Histogram(
            "heliograph_api_request_duration_seconds",
            "Time from a request's head to the end of its answer.",
            ("method", "route", "status"),
            registry=self._registry,
            buckets=_BUCKETS_S,
        )

    def name_routes(self, templates: Iterable[str]) -> None:
        """Take the paths that the app has."""
        self._routes = frozenset(_PARAMETER.sub("{id}", template) for template in templates)

    def observe(self, method: str, path: str, status: int, took_s: float) -> None:
        """One request was answered."""
        self._took_s.labels(method if method in _METHODS else _OTHER, self._route(path), str(status)).observe(took_s)

    def exposition(self) -> bytes:
        """What Prometheus reads: of all processes together where they share a folder, those that have ended included."""
        if FOLDER_VARIABLE not in os.environ:
            return generate_latest(self._registry)
        together = CollectorRegistry()
        MultiProcessCollector(together)  # type: ignore[no-untyped-call]
        return generate_latest(together)

    def _route(self, path: str) -> str:
        if path.startswith("/page/"):
            return "/page/"
        route = _ID.sub("/{id}", path)
        return route if route in self._routes else _OTHER
