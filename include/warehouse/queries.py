"""Named SQL: `.sql` files hold blocks that start with `-- name: <verb_noun>`; Python only binds parameters."""

import re
from functools import cache
from importlib.resources import files

from sqlalchemy import TextClause, text

_NAME = re.compile(r"^-- name: (\w+)\s*$", re.MULTILINE)
# Comments stay in the file: a `:name` in one would be bound, and a line break in its value would end the comment.
_COMMENT = re.compile(r"^\s*--.*\n?", re.MULTILINE)


@cache
def query(subject: str, name: str) -> TextClause:
    """Block `name` of `<subject>.sql`, with `:parameters`; raises KeyError for an unknown name."""
    return room_query("include.warehouse", subject, name)


@cache
def room_query(room: str, subject: str, name: str) -> TextClause:
    """The same of `<room>/sql/<subject>.sql`."""
    return text(query_text(room, subject)[name])


@cache
def query_text(room: str, subject: str) -> dict[str, str]:
    """All blocks of `<room>/sql/<subject>.sql` by name."""
    source = files(room).joinpath("sql", f"{subject}.sql").read_text(encoding="utf-8")
    parts = _NAME.split(source)
    return dict(zip(parts[1::2], (_COMMENT.sub("", part).strip() for part in parts[2::2]), strict=True))
