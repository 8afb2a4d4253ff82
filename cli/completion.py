"""What a shell offers at the tab key: tenants, vendors, feeds, languages. A warehouse that is away offers nothing."""

from collections.abc import Callable, Iterable

from include.core.documents import FEEDS
from include.core.errors import HeliographError
from include.core.settings import Settings
from include.core.vendors import VENDORS


def complete_tenant(incomplete: str) -> list[str]:
    """Slugs of the tenants that begin like this."""
    from include.steps.tenants import list_tenants

    try:
        tenants = list_tenants(Settings.from_environment())
    except HeliographError:
        return []
    return [tenant["tenant"] for tenant in tenants if tenant["tenant"].startswith(incomplete)]


def _one_of(words: Iterable[str]) -> Callable[[str], list[str]]:
    known = sorted(words)
    return lambda incomplete: [word for word in known if word.startswith(incomplete)]


complete_feed = _one_of(FEEDS)
complete_vendor = _one_of(VENDORS)
complete_language = _one_of(("pt-BR", "en"))
