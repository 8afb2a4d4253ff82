"""The key of the API: it proves to the warehouse what a transaction of the API's role is for.

The warehouse believes the role nothing without a proof, an HMAC-SHA256 over what is asked and the transaction that asks: neither
the role's password, nor a proof that was seen in another transaction, opens a tenant.
"""

import hashlib
import hmac
from typing import Final

from sqlalchemy import Connection

from include.warehouse.queries import query

_BLOCK_BYTES: Final = 64
"""Block of SHA-256."""


class ApiKey:
    """Makes proofs with a key derived from the secret that signs the tokens."""

    def __init__(self, secret: str) -> None:
        self._key = hmac.digest(secret.encode(), b"heliograph warehouse", hashlib.sha256)

    def prove(self, claim: str, *, challenge: str) -> str:
        """Hexadecimal proof of a claim, good in the transaction that gave the challenge."""
        return self.sign(f"{challenge} {claim}")

    def sign(self, message: str) -> str:
        """Hexadecimal HMAC-SHA256 of a message that means the same at any time."""
        return hmac.digest(self._key, message.encode(), hashlib.sha256).hex()

    def pads(self) -> tuple[bytes, bytes]:
        """Inner and outer pad of HMAC (RFC 2104), which is all that checking needs: PostgreSQL has SHA-256 and no HMAC."""
        padded = self._key.ljust(_BLOCK_BYTES, b"\0")
        return bytes(byte ^ 0x36 for byte in padded), bytes(byte ^ 0x5C for byte in padded)


def save_api_key(connection: Connection, secret: str) -> None:
    """Let the warehouse believe the API that has this secret, and no other."""
    inner, outer = ApiKey(secret).pads()
    connection.execute(query("api_session", "save_key"), {"inner_pad": inner, "outer_pad": outer})
