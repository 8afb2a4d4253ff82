"""The proxy of the profile `tls`, run natively where Caddy is installed: what it passes on, and what it keeps to itself."""

import json
import shutil
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest

from cli.run.postgres import free_port
from tests.e2e.installation import eventually
from tests.production.compose_file import ComposeFile
from tests.production.conftest import filled_in_example

pytestmark = pytest.mark.skipif(shutil.which("caddy") is None, reason="caddy is not installed (Debian: apt-get install caddy)")
UI, API = "ui.localhost", "api.localhost"


class Echo(BaseHTTPRequestHandler):
    """Answers with what it was asked."""

    def do_GET(self) -> None:
        told = json.dumps({"path": self.path, **{name.lower(): value for name, value in self.headers.items()}}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(told)))
        self.end_headers()
        self.wfile.write(told)

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture(scope="module")
def port(tmp_path_factory) -> Iterator[int]:
    """Caddy with the Caddyfile of the compose file; names end in `localhost`, so that it makes certificates itself."""
    folder, port, behind = tmp_path_factory.mktemp("proxy"), free_port(), ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    threading.Thread(target=behind.serve_forever, daemon=True).start()
    caddyfile = ComposeFile(filled_in_example()).content["configs"]["caddyfile"]["content"]
    for upstream in ("api-server:8080", "api:8090"):
        assert upstream in caddyfile
        caddyfile = caddyfile.replace(upstream, f"127.0.0.1:{behind.server_port}")
    options = (
        "admin off",
        "auto_https disable_redirects",
        "skip_install_trust",
        f"https_port {port}",
        f"storage file_system {folder}",
    )
    (folder / "Caddyfile").write_text("{\n" + "\n".join(options) + "\n}\n" + caddyfile)
    environment = {"AIRFLOW_DOMAIN": UI, "API_DOMAIN": API, "HOME": str(folder), "PATH": "/usr/bin:/bin"}
    with (folder / "said").open("wb") as said:
        caddy = subprocess.Popen(["caddy", "run", "--config", "Caddyfile"], cwd=folder, env=environment, stdout=said, stderr=said)
    try:
        eventually(lambda: answers(port), what=(folder / "said").read_text(), limit_s=60)
        yield port
    finally:
        caddy.terminate()
        caddy.wait(30)
        behind.shutdown()


def answers(port: int) -> bool:
    try:
        return ask(port, API, "/").is_success
    except httpx.TransportError:
        return False


def ask(port: int, host: str, path: str, **headers: str) -> httpx.Response:
    """Asks under a name that no resolver knows."""
    named = {name.replace("_", "-"): value for name, value in headers.items()} | {"Host": host}
    with httpx.Client(verify=False, trust_env=False, timeout=60) as client:
        return client.get(f"https://127.0.0.1:{port}{path}", headers=named, extensions={"sni_hostname": host})


@pytest.mark.parametrize("host", [UI, API])
def test_a_client_cannot_choose_the_address_that_it_is_counted_by(port, host):
    answer = ask(port, host, "/api/v1/health", X_Forwarded_For="203.0.113.7", X_Forwarded_Proto="http")

    told = answer.json()
    assert told["x-forwarded-for"] in {"127.0.0.1", "::1"}
    assert told["x-forwarded-proto"] == "https"
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"


@pytest.mark.parametrize(
    "path",
    [
        "/execution",
        "/execution/",
        "/execution/task-instances/1/run",
        "//execution/",
        "/Execution/",
        "/%65xecution/",
        "/a/../execution/",
    ],
)
def test_what_tasks_say_to_the_api_server_is_closed_to_the_world(port, path):
    assert ask(port, UI, path).status_code == 404


def test_the_ui_itself_is_open(port):
    assert ask(port, UI, "/api/v2/version").json()["path"] == "/api/v2/version"
