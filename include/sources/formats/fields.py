"""What a feed reads of a record: one rule for the columns of a table and the fields of JSON.

A document in which no record has a feed's fields is refused as a whole: row by row it would only say that nothing can be read.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from include.core.errors import BadDocument

_NAMED: Final = 12
_LONGEST_NAME: Final = 40


@dataclass(frozen=True, slots=True)
class Fields:
    """Fields of one feed.

    Attributes:
        aliases: Field by each name under which it is read.
        needed: A record needs one field of each set.
        wanted: The needed ones in words, for the person who sent a document without them.
    """

    aliases: Mapping[str, str]
    needed: tuple[frozenset[str], ...]
    wanted: str

    def are_in(self, names: Iterable[str]) -> bool:
        """Whether a record with these names has what the feed needs."""
        return self.complete({self.aliases[name] for name in names if name in self.aliases})

    def complete(self, found: Collection[str]) -> bool:
        """Whether these fields are what the feed needs."""
        return all(not choice.isdisjoint(found) for choice in self.needed)

    def refusal(self, names: Iterable[str], *, where: str = "the file", action: str = "rename the fields") -> BadDocument:
        """Error of a document in which no record has the fields; `names` are those that it has instead."""
        return BadDocument(
            f"no record has the fields of this feed: it reads {self.wanted}; {where} has {_listed(names)}; "
            f"{action}, or drop the file into the folder of its own feed"
        )


def _listed(names: Iterable[str]) -> str:
    found = list(dict.fromkeys(name.strip()[:_LONGEST_NAME] for name in names if name.strip()))
    return (", ".join(found[:_NAMED]) + (", ..." if len(found) > _NAMED else "")) or "no names"
