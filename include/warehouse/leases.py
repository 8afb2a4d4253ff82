"""Leases: who is at work on a thing that one may work on at a time, without a transaction that stays open for it.

A lease keeps others from doing the same work; what makes it safe is that work lists are tables. One that is not given back ends
by itself, and at once where it was held by a process of this machine that has ended.
"""

from sqlalchemy import Connection

from include.core.process import has_ended, process_name
from include.warehouse.queries import query


def take(connection: Connection, thing: str, holder: str, *, seconds: float) -> bool:
    """Hold a thing for some time from now on; False while another holder does."""
    parameters = {"thing": thing, "holder": holder, "seconds": seconds}
    held = connection.execute(query("leases", "read_holder"), parameters).one_or_none()
    if held is None:
        return bool(connection.execute(query("leases", "take_first"), parameters).rowcount)
    if held.has_ended or has_ended(held.holder.rpartition("#")[0]):
        connection.execute(query("leases", "take_over"), parameters)
        return True
    return False


def renew(connection: Connection, thing: str, holder: str, *, seconds: float) -> bool:
    """Hold it for some time from now on; False where another holder has taken it over."""
    parameters = {"thing": thing, "holder": holder, "seconds": seconds}
    return bool(connection.execute(query("leases", "renew"), parameters).rowcount)


def give_back(connection: Connection, thing: str, holder: str) -> None:
    """Let others have it at once; nothing where another holder has it already."""
    connection.execute(query("leases", "give_back"), {"thing": thing, "holder": holder})


def holder_of(number: str) -> str:
    """How this process names itself as a holder; `number` tells its own pieces of work apart."""
    return f"{process_name()}#{number}"
