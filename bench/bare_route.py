"""A server of nothing but bytes: `python -m bench.bare_route PORT FOLDER` answers /<name> with the file of that name."""

import sys
from pathlib import Path

import uvicorn
from fastapi import FastAPI, Response

from api.http_protocol import LimitedHttp


def bare_app(folder: Path) -> FastAPI:
    """FastAPI with one route, which has all its answers at hand."""
    bodies = {file.name: file.read_bytes() for file in folder.iterdir()}
    app = FastAPI(openapi_url=None)

    @app.get("/{name}")
    async def body(name: str) -> Response:
        return Response(bodies[name], media_type="application/json")

    return app


if __name__ == "__main__":
    uvicorn.run(bare_app(Path(sys.argv[2])), port=int(sys.argv[1]), http=LimitedHttp, log_level="error", access_log=False)
