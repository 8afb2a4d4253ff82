"""What every part of a pull works with: the account, the warehouse and the store, the clock, and notes for the operator."""

import logging
from dataclasses import dataclass, field
from datetime import datetime

from include.core.settings import Settings
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

    def note(self, sentence: str) -> None:
        """Log a sentence and keep it for the summary."""
        _log.info("%s: %s", self.integration.label, sentence)
        self.notes.append(sentence)
