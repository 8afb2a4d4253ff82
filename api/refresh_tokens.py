"""Refresh tokens: a session and a turn, under our seal. Each is good once; the warehouse keeps which turn is next."""

import hashlib
import hmac
import re
from typing import Final
from uuid import UUID

from api.tokens import BadToken

_FORM: Final = re.compile(r"helior_([0-9a-f]{32})_([1-9][0-9]{0,8})_([0-9a-f]{64})")


class RefreshTokens:
    """Seals and opens refresh tokens with a key derived from the signing key of the tokens.

    Who has not our key cannot make one of another turn, so nobody ends the sessions of others by guessing.
    """

    def __init__(self, key: str) -> None:
        # A key of its own, so that a refresh token can never pass for another one.
        self._key = hmac.digest(key.encode(), b"heliograph refresh token", hashlib.sha256)

    def seal(self, session_id: UUID, turn: int) -> str:
        """The refresh token of a turn."""
        return f"helior_{session_id.hex}_{turn}_{self._mac(session_id, turn)}"

    def open(self, token: str) -> tuple[UUID, int]:
        """Session and turn; raises `BadToken` for what is not ours."""
        found = _FORM.fullmatch(token)
        if found:
            session_id, turn = UUID(found[1]), int(found[2])
            if hmac.compare_digest(found[3], self._mac(session_id, turn)):
                return session_id, turn
        raise BadToken("this is not a refresh token of this API; log in again")

    def _mac(self, session_id: UUID, turn: int) -> str:
        return hmac.digest(self._key, f"{session_id.hex} {turn}".encode(), hashlib.sha256).hex()
