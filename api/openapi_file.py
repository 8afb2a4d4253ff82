"""The OpenAPI document as a file: `python -m api.openapi_file > docs/openapi.json` writes it anew."""

import json
import sys

from api.main import create_app
from include.core.settings import Settings


def openapi_text() -> str:
    """The document of this version, one member a line, so that a difference can be read."""
    # Nothing is connected to before the first request.
    settings = Settings(api_database_url="postgresql+psycopg2://nobody@127.0.0.1:1/none", jwt_secret="no key of anything" * 2)
    return json.dumps(create_app(settings).openapi(), indent=1, ensure_ascii=False, sort_keys=True) + "\n"


if __name__ == "__main__":
    sys.stdout.write(openapi_text())
