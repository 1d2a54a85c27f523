"""Export format of a component's keys and values: JSON Lines that end with a count and a hash.

::

    {"format":"airssys-storage/1","component":"ledger"}
    {"key":"balance/ada","text":"12"}
    {"key":"picture","base64":"AAEC"}
    {"count":2,"sha256":"…"}

Keys are in byte order and the file does not depend on the time of export: equal contents give equal files. The hash
covers every byte before the last line.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final

import msgspec

from airssys_tui.core.errors import StorageRefusal, UsageError
from airssys_tui.core.keyvalue import Durability, StorageUse, Value, check_key, check_value
from airssys_tui.core.text import whole_json
from airssys_tui.store.disk.database import BUSY_SECONDS
from airssys_tui.store.disk.faults import disk_faults
from airssys_tui.store.keyvalues.changes import NamespaceChange
from airssys_tui.store.keyvalues.storage import SCHEMA, Storage, check_schema, namespace_number

FORMAT: Final = "airssys-storage/1"

MAX_LINE: Final = 8 * 1024 * 1024
"""Maximum bytes of a line that an import reads: the largest value with every character escaped."""


class _Head(msgspec.Struct, forbid_unknown_fields=True):
    format: str
    component: str


class _Entry(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    key: str
    text: str | None = None
    base64: str | None = None


class _Tail(msgspec.Struct, forbid_unknown_fields=True):
    count: int
    sha256: str


def export_lines(path: Path, component: str) -> Iterator[bytes]:
    """Export a component's storage as of one moment, even while a runtime changes it.

    Args:
        path: The storage's file.
        component: Text form of the identity; a component without data gives an empty export.

    Raises:
        StoreError: The file cannot be read.
    """
    digest, count = hashlib.sha256(), 0
    for line in _body(path, component):
        digest.update(line)
        count += 1
        yield line
    yield msgspec.json.encode(_Tail(count - 1, digest.hexdigest())) + b"\n"


def _body(path: Path, component: str) -> Iterator[bytes]:
    yield msgspec.json.encode(_Head(FORMAT, component)) + b"\n"
    with _reader(path) as connection:
        if connection is None:
            return
        rows = connection.execute(
            "SELECT key, value FROM entries JOIN namespaces ON id = namespace WHERE component = ? ORDER BY key",
            (component,),
        )
        for key, value in rows:
            yield _line(key.decode(), value)


def _line(key: str, value: Value) -> bytes:
    entry = _Entry(key, text=value) if isinstance(value, str) else _Entry(key, base64=base64.b64encode(value).decode())
    return whole_json(msgspec.json.encode(entry).decode()).encode() + b"\n"


def usages(path: Path) -> dict[str, StorageUse]:
    """Return the storage usage of each component by name, even while a runtime changes it.

    Raises:
        StoreError: The file cannot be read.
    """
    with _reader(path) as connection:
        if connection is None:
            return {}
        rows = connection.execute("SELECT component, bytes, keys FROM namespaces WHERE keys > 0 ORDER BY component")
        return {component: StorageUse(used, keys) for component, used, keys in rows}


def import_lines(
    storage: Storage, component: str, lines: Iterable[bytes], *, quota: int, replace: bool = False
) -> StorageUse:
    """Import an export, all or nothing.

    Args:
        storage: The target storage.
        component: The component that receives the data, whichever it was exported from.
        lines: The export, line by line.
        quota: Maximum bytes stored afterwards.
        replace: Replace the stored data; if false, the component must not store any data yet.

    Returns:
        The storage usage afterwards.

    Raises:
        UsageError: The lines are not an export or were modified, or the component has data and ``replace`` is false.
        StorageRefusal: The export exceeds the quota.
        StoreError: The write failed.
    """
    with storage.changing(Durability.FULL) as connection:
        number = namespace_number(connection, component)
        _make_room(connection, number, component, replace=replace)
        change = NamespaceChange(connection, number)
        before = change.used
        for key, value in _entries(lines):
            change.set(key, value)
        change.keep_within(quota, before)
        used, keys = connection.execute("SELECT bytes, keys FROM namespaces WHERE id = ?", (number,)).fetchone()
    return StorageUse(used, keys)


def _make_room(connection: sqlite3.Connection, number: int, component: str, *, replace: bool) -> None:
    stored = connection.execute("SELECT keys FROM namespaces WHERE id = ?", (number,)).fetchone()[0]
    if stored and not replace:
        raise UsageError(
            f"{component} already stores {stored} keys", remedy="export them first, then import with --replace"
        )
    connection.execute("DELETE FROM entries WHERE namespace = ?", (number,))


def _entries(lines: Iterable[bytes]) -> Iterator[tuple[str, Value]]:
    digest, count, last = hashlib.sha256(), 0, b""
    for number, line in enumerate(lines, 1):
        if len(line) > MAX_LINE:
            raise _wrong(number, f"longer than {MAX_LINE} bytes")
        if last:
            digest.update(last)
            if number == 2:
                _check_head(last)
            else:
                yield _entry(number - 1, last)
                count += 1
        last = line
    if not last:
        raise _wrong(1, "it is empty")
    tail = _decode(last, _Tail, "the end", "it is truncated, or not an export")
    if (tail.count, tail.sha256) != (count, digest.hexdigest()):
        raise UsageError("the export was modified: count or hash differ", remedy="export it again")


def _check_head(line: bytes) -> None:
    head = _decode(line, _Head, "line 1", "not an export of a storage")
    if head.format != FORMAT:
        raise _wrong(1, f"the format is {head.format!r}; expected {FORMAT}")


def _entry(number: int, line: bytes) -> tuple[str, Value]:
    found = _decode(line, _Entry, f"line {number}", "not an entry")
    try:
        check_key(found.key)
        value: Value
        if found.text is not None and found.base64 is None:
            value = found.text
        elif found.base64 is not None and found.text is None:
            value = base64.b64decode(found.base64, validate=True)
        else:
            raise _wrong(number, "an entry needs either text or base64")
        check_value(value)
    except (StorageRefusal, binascii.Error) as error:
        raise _wrong(number, str(error)) from error
    return found.key, value


def _decode(line: bytes, type_: type[Any], where: str, what: str) -> Any:
    try:
        return msgspec.json.decode(line, type=type_)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise UsageError(
            f"{where} of the export: {what}", remedy="create one with airssys-tui storage export"
        ) from error


def _wrong(number: int, what: str) -> UsageError:
    return UsageError(f"line {number} of the export: {what}", remedy="create one with airssys-tui storage export")


@contextmanager
def _reader(path: Path) -> Iterator[sqlite3.Connection | None]:
    """Open a storage as of one moment; None while it has no tables."""
    if not path.exists():
        yield None
        return
    uri = f"{path.absolute().as_uri()}?mode=ro"
    with (
        disk_faults("read the storage", path),
        closing(sqlite3.connect(uri, uri=True, timeout=BUSY_SECONDS, isolation_level=None)) as connection,
    ):
        connection.execute("BEGIN")
        yield connection if check_schema(connection, path) == SCHEMA else None
