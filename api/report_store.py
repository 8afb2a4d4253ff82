"""Reads rendered reports from the report store, and nothing from anywhere else."""

from pathlib import Path, PurePosixPath

from upath import UPath

from include.core.errors import NeedsHuman


def read_report_file(store: str, uri: str) -> bytes:
    """Bytes of one report; raises `NeedsHuman` when `uri` lies outside the store or the file is gone."""
    try:
        target = _inside(UPath(store), UPath(uri))
    except ValueError:
        target = None
    if target is None:
        raise NeedsHuman(f"report file {uri!r} lies outside the report store {store!r}; correct HELIOGRAPH_REPORT_STORE_URL")
    try:
        return bytes(target.read_bytes())
    except OSError as error:
        raise NeedsHuman(f"report file {uri!r} cannot be read ({error}); restore it or render the report again") from error


def _inside(store: UPath, target: UPath) -> Path | UPath | None:
    if store.protocol != target.protocol and {store.protocol, target.protocol} != {"", "file"}:
        return None
    if target.protocol in {"", "file"}:
        # Symbolic links are followed before the comparison.
        local = Path(target.path).resolve()
        return local if local.is_relative_to(Path(store.path).resolve()) else None
    path = PurePosixPath(target.path)
    return target if ".." not in path.parts and path.is_relative_to(store.path) else None
