"""The section ``[wasi]``: what a component finds around it as a program of WASI."""

from __future__ import annotations

from typing import Final

from airssys_tui.core.manifest.scalars import read_text, shown
from airssys_tui.core.manifest.structure import Preopen, WasiSection
from airssys_tui.core.manifest.table_reader import Table

MOST_PREOPENS: Final = 32
"""Directories that a manifest may open."""

PREOPEN_BYTES: Final = 1_024
"""Bytes of UTF-8 of each of the two paths."""

HERE: Final = "."


def read_wasi(table: Table) -> WasiSection:
    """Read ``[wasi]``."""
    section = WasiSection(preopens=_preopens(table.table("preopens")))
    table.close()
    return section


def _preopens(table: Table) -> tuple[Preopen, ...]:
    names = table.free_keys()
    if len(names) > MOST_PREOPENS:
        table.problem(names[MOST_PREOPENS], f"expected at most {MOST_PREOPENS} directories, got {len(names)}")
        return ()
    found: list[Preopen] = []
    for guest in names:
        table.attempt(guest, lambda guest=guest: _check_guest(guest))  # type: ignore[misc]
        host = table.checked_text(guest, _check_host)
        if host is not None:
            found.append(Preopen(guest, host))
    return tuple(found)


def _check_guest(path: str) -> None:
    if path != HERE and not _is_normal(path):
        raise ValueError(
            "the component's name of a directory must be `.` or an absolute path such as /data, "
            f"without `.` and `..` in it, of at most {PREOPEN_BYTES} bytes"
        )


def _check_host(path: str) -> None:
    if not _is_normal(read_text(path)):
        raise ValueError(
            "expected an absolute path of this machine such as /srv/data, without `.` and `..` in it, "
            f"of at most {PREOPEN_BYTES} bytes, got {shown(path)}"
        )


def _is_normal(path: str) -> bool:
    from airssys_tui.core.pattern.glob import is_normal_path  # noqa: PLC0415 - late: a list reads no patterns

    return is_normal_path(path) and len(path.encode(errors="surrogatepass")) <= PREOPEN_BYTES and path.isprintable()
