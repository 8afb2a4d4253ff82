"""What every part of a pull works with: the account, the warehouse and the store, the clock, and notes for the operator."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from include.core.pulls import Request, WaitingRequest
from include.core.settings import Settings
from include.sources.clouds.portions import members_of
from include.steps.vendor_account import Account, Clock
from include.warehouse.integrations import Integration

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class PullContext:
    """One run over one account; `notes` are sentences for the operator, the newest last."""

    settings: Settings
    account: Account
    clock: Clock
    run_id: str
    notes: list[str] = field(default_factory=list)

    @property
    def database_url(self) -> str:
        """The warehouse."""
        return self.settings.database_url

    @property
    def integration(self) -> Integration:
        """The account as the warehouse keeps it."""
        return self.account.integration

    @property
    def integration_id(self) -> int:
        """Its id."""
        return self.account.integration.integration_id

    def now(self) -> datetime:
        """The time, aware UTC."""
        return self.clock.now()

    def only_member(self, request: Request) -> str | None:
        """Key of the plant or device that a request is about; None where it is about several, or a list of all."""
        members = members_of(request, self.account.cloud.group_fields.get(request.interface))
        return members[0] if len(members) == 1 else None

    def note(self, sentence: str) -> None:
        """Log a sentence and keep it for the summary."""
        _log.info("%s: %s", self.integration.label, sentence)
        self.notes.append(sentence)


@dataclass(frozen=True, slots=True)
class RequestAnswer:
    """A request with its answer, or the answers of its pages; `has_figures` where they tell anything of plants or devices."""

    waiting: WaitingRequest
    answers: Sequence[bytes]
    has_figures: bool

    @property
    def request(self) -> Request:
        """As it stands before an answer: one of several answers is authoritative about nothing."""
        return self.waiting.request if len(self.answers) == 1 else replace(self.waiting.request, is_authoritative=False)
