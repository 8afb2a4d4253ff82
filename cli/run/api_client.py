"""The API as a client sees it: log in, ask, count the answer."""

import requests

from include.core.errors import NeedsHuman
from include.core.settings import Settings


def api_answers(settings: Settings, user: str, password: str, question: str) -> str:
    """Ask the API `question` (path and query) as `user`; returns a line about the answer, raises `NeedsHuman` when it is none."""
    base = f"http://{settings.api_host}:{settings.api_port}"
    login = requests.post(f"{base}/api/v1/auth/token", data={"username": user, "password": password}, timeout=30)
    if not login.ok:
        raise NeedsHuman(f"the API refused the login of {user}: {login.status_code} {login.text[:200]}; see api.log")
    token = login.json()["access_token"]
    answer = requests.get(base + question, headers={"Authorization": f"Bearer {token}"}, timeout=30)
    if not answer.ok or not answer.json()["data"]:
        raise NeedsHuman(f"the API answered {question} with {answer.status_code} {answer.text[:200]}; see api.log")
    return f"{len(answer.json()['data'])} rows, {len(answer.content):,} bytes"
