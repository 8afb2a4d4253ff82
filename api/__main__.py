"""`python -m api`: serves the API, with the limits that strangers meet."""

import uvicorn

from api.http_protocol import LimitedHttp
from api.logs import LOGGING
from include.core.settings import Settings


def main() -> None:
    """Serve until told to stop."""
    settings = Settings.from_environment()
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
