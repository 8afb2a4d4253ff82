"""The bytes of an answer in the forms that callers may have: whole, packed, or not at all because they have them already."""

from collections.abc import Mapping
from functools import cached_property
from hashlib import blake2b
from typing import Final, NamedTuple

from fastapi import Response
from isal import igzip

from api.output_formats import MEDIA_TYPES

_SMALLEST_TO_PACK: Final = 1024
_PACKED: Final = frozenset({MEDIA_TYPES["json"], MEDIA_TYPES["csv"], MEDIA_TYPES["jsonl"]})


class WrittenAnswer(NamedTuple):
    """An answer under its ETag, and the 304 for those who have it; both are sent as they are, any number of times."""

    etag: str
    answer: Response
    unchanged: Response


class AnswerBody:
    """The bytes of an answer and its own headers; each form is made once, when it is needed."""

    def __init__(self, body: bytes, headers: Mapping[str, str] | None = None, *, media_type: str = MEDIA_TYPES["json"]) -> None:
        self.body = body
        self.headers = dict(headers or {})
        self.media_type = media_type

    @property
    def pays_to_pack(self) -> bool:
        """Whether the packed form is enough smaller."""
        return len(self.body) >= _SMALLEST_TO_PACK and self.media_type in _PACKED

    @property
    def size_bytes(self) -> int:
        """Memory of its texts: whole and packed bytes (digits pack to half), and headers, which each response repeats."""
        packed = len(self.body) // 2 if self.pays_to_pack else 0
        return len(self.body) + packed + 5 * sum(len(name) + len(value) for name, value in self.headers.items())

    @cached_property
    def whole(self) -> WrittenAnswer:
        """As it is."""
        return self._form(self.body, self._digest, {})

    @cached_property
    def packed(self) -> WrittenAnswer:
        """As gzip; its strong ETag is one of its own."""
        body = igzip.compress(self.body, compresslevel=1, mtime=0)
        return self._form(body, f"{self._digest}-gzip", {"Content-Encoding": "gzip"})

    @cached_property
    def _digest(self) -> str:
        return blake2b(self.body, digest_size=16).hexdigest()

    def _form(self, body: bytes, tag: str, more: dict[str, str]) -> WrittenAnswer:
        headers = {
            "ETag": f'"{tag}"',
            "Cache-Control": "private, no-cache",
            "Vary": "Authorization, X-API-Key, Accept, Accept-Encoding",
            **self.headers,
        }
        whole = Response(body, headers=headers | more, media_type=self.media_type)
        return WrittenAnswer(headers["ETag"], whole, Response(status_code=304, headers=headers))
