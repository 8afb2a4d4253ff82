"""`python -m api`: serves the API, with the limits that strangers meet."""

import os
from tempfile import TemporaryDirectory

import uvicorn

from api.http_protocol import LimitedHttp
from api.logs import LOGGING
from include.core.settings import Settings

# `api.request_counts.FOLDER_VARIABLE`, whose module must not be imported before it is set.
_METRICS_FOLDER = "PROMETHEUS_MULTIPROC_DIR"


def main() -> None:
    """Serve until told to stop; where metrics are asked for, the processes add theirs up in a folder of this run."""
    settings = Settings.from_environment()
    if not settings.metrics_token:
        _serve(settings)
        return
    with TemporaryDirectory(prefix="heliograph-metrics-") as folder:
        os.environ[_METRICS_FOLDER] = folder
        _serve(settings)


def _serve(settings: Settings) -> None:
    uvicorn.run(
        "api.main:create_app",
        factory=True,
        host=settings.api_host,
        port=settings.api_port,
        workers=settings.api_workers,
        http=LimitedHttp,
        log_config=LOGGING,
        access_log=False,
        server_header=False,
        # The app itself knows which proxies it may believe.
        proxy_headers=False,
    )


if __name__ == "__main__":
    main()
