"""Disk usage of a state directory by purpose. Read-only; works while another process owns the directory."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import msgspec

from airssys_tui.store.directory import CATALOG_FILE, MAIL_FILE, StateReader
from airssys_tui.store.disk.faults import disk_faults
from airssys_tui.store.disk.free_space import free_space

STORAGE_FILE: Final = "storage.db"
"""Key-value data of the components."""

_BESIDE: Final = ("", "-wal", "-shm")
"""Suffixes of the files of an SQLite database."""


class DiskUsage(msgspec.Struct, frozen=True, kw_only=True):
    """Bytes by purpose.

    Attributes:
        catalog: The catalog, without the states in it.
        blobs: Artifacts.
        code: Compiled code.
        states: Saved states, inside the catalog.
        storage: Key-value data of the components.
        messages: Durable messages and dead letters.
        logs: Log files.
        free: Free bytes on the file system.
    """

    catalog: int
    blobs: int
    code: int
    states: int
    storage: int
    messages: int
    logs: int
    free: int


def measure(state: StateReader) -> DiskUsage:
    """Measure a state directory. Blocks on the disk.

    Raises:
        StoreError: The directory cannot be read.
    """
    path = state.path
    states = state.catalog.states_size()
    with disk_faults("measure the state directory", path):
        catalog = _sizes(path / f"{CATALOG_FILE}{end}" for end in _BESIDE)
        return DiskUsage(
            catalog=max(0, catalog - states),
            blobs=_sizes(path.glob("blobs/**/*")),
            code=_sizes(path.glob("code/**/*")),
            states=states,
            storage=_sizes(path / f"{STORAGE_FILE}{end}" for end in _BESIDE),
            messages=_sizes(path / f"{MAIL_FILE}{end}" for end in _BESIDE),
            logs=_sizes(path.glob("logs/**/*")),
            free=free_space(path),
        )


def _sizes(paths: Iterable[Path]) -> int:
    total = 0
    for path in paths:
        try:
            found = os.lstat(path)
        except FileNotFoundError:  # it was deleted meanwhile
            continue
        total += found.st_size if path.is_file() else 0
    return total
