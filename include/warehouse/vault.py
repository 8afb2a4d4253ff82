"""Secrets at rest: what vendors' accounts and tokens become before they enter a column."""

import json
from collections.abc import Mapping
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from include.core.errors import NeedsHuman


class Vault:
    """Seals JSON objects with Fernet (AES-128-CBC and HMAC-SHA256); the first key seals, all of them open."""

    def __init__(self, keys: str) -> None:
        """Take comma-separated keys; raises `NeedsHuman` where there is none or one is no Fernet key."""
        parts = [key.strip() for key in keys.split(",") if key.strip()]
        if not parts:
            raise NeedsHuman(
                "no key seals vendor credentials; set HELIOGRAPH_VAULT_KEYS to a Fernet key (see docs/operations.md)"
            )
        try:
            self._fernet = MultiFernet([Fernet(key) for key in parts])
        except ValueError:
            raise NeedsHuman("HELIOGRAPH_VAULT_KEYS holds what is no Fernet key: 32 random bytes in url-safe base64") from None

    def seal(self, content: Mapping[str, Any]) -> bytes:
        """Encrypt a JSON object; equal contents make different seals."""
        return self._fernet.encrypt(json.dumps(dict(content)).encode())

    def open(self, sealed: bytes | memoryview) -> dict[str, Any]:
        """Decrypt what `seal` made; raises `NeedsHuman` where no key fits."""
        try:
            content: dict[str, Any] = json.loads(self._fernet.decrypt(bytes(sealed)))
        except InvalidToken:
            raise NeedsHuman(
                "a sealed secret does not open with HELIOGRAPH_VAULT_KEYS; restore its key, or add the account again"
            ) from None
        return content
