"""An account that has every field of every vendor, and which interfaces let it in."""

CREDENTIALS = {
    "host": "europe",
    "login": "ops@example.org",
    "password": "Secret-password-1",
    "app_id": "2019",
    "app_secret": "Secret-app-2",
    "appkey": "Secret-key-3",
    "secret_key": "Secret-key-4",
    "company_id": "4711",
    "redirect_url": "https://example.org/back",
    "api_key": "Secret-key-5",
}
SECRETS = [value for value in CREDENTIALS.values() if value.startswith("Secret")]


def is_log_in(interface: str) -> bool:
    """Whether an interface is one of those that give tokens."""
    return interface in {"login", "account/token", "account/info"} or interface.startswith("apiManage/")
