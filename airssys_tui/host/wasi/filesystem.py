"""``wasi:filesystem``: files by descriptors, below the directories that the manifest names.

A denial of the guard is ``access``, a path that leads out of its directory ``not-permitted``, and more open descriptors
than an instance may have are ``quota``. All directories carry ``read`` and ``mutate-directory``: what may be done below
them is decided by the guard at each call.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import wraps
from typing import Any, Final

from airssys_tui.core.types.values import Err, Ok, Some, Variant
from airssys_tui.engine.host import FUEL_PER_WORK, HostContext, HostResource
from airssys_tui.host.doors.descriptors.descriptor_errors import DescriptorError
from airssys_tui.host.doors.descriptors.directory_descriptor import DirectoryDescriptor, OpenRequest
from airssys_tui.host.doors.descriptors.directory_entries import DirectoryEntries
from airssys_tui.host.doors.descriptors.file_descriptor import Advice, FileDescriptor, OpenMode
from airssys_tui.host.doors.descriptors.object_status import ObjectKind, ObjectStatus
from airssys_tui.host.tenant import Tenant
from airssys_tui.host.wasi.charged_calls import charged
from airssys_tui.host.wasi.file_streams import FileInput, FileOutput
from airssys_tui.host.wasi.stream_end import IoError
from airssys_tui.host.wasi.wasi_types import wasi_interface

Descriptor = FileDescriptor | DirectoryDescriptor
Flags = frozenset[str]

DESCRIPTOR_BYTES: Final = 2_048
"""Bytes of memory that a descriptor is counted with: the host's, the engine's and the system's part."""

ENTRIES_BYTES: Final = 36_864
"""The same for a stream of entries, which reads ahead."""

_FOLLOW: Final = "symlink-follow"
_SECOND: Final = 1_000_000_000
_DIRECTORY_FLAGS: Final = frozenset({"read", "mutate-directory"})
_MODES: Final = {
    "read": "read",
    "write": "write",
    "file-integrity-sync": "file_sync",
    "data-integrity-sync": "data_sync",
    "requested-write-sync": "read_sync",
}
"""Flags of a file, and the fields of ``OpenMode`` for them."""


def _answering(work: Callable[..., Any]) -> Callable[..., Any]:
    """Return what it returns as ``result<…, error-code>``; charged, and announced as blocking: disks make one wait."""

    @wraps(work)
    def run(context: HostContext, *arguments: Any) -> Ok | Err:
        tenant: Tenant = context.owner
        context.charge(FUEL_PER_WORK)
        try:
            with tenant.blocking():
                return Ok(work(context, *arguments))
        except DescriptorError as error:
            return Err(error.code)

    return run


def _file(descriptor: Descriptor) -> FileDescriptor:
    if isinstance(descriptor, DirectoryDescriptor):
        raise DescriptorError("is-directory", "it is a directory")
    return descriptor


def _directory(descriptor: Descriptor) -> DirectoryDescriptor:
    if isinstance(descriptor, FileDescriptor):
        raise DescriptorError("not-directory", "it is a file")
    return descriptor


def _nanoseconds(stamp: Variant) -> int | None:
    """Return a time in nanoseconds since 1970; None for no change."""
    if stamp.case != "timestamp":
        return time.time_ns() if stamp.case == "now" else None
    seconds, rest = stamp.payload["seconds"], stamp.payload["nanoseconds"]
    if rest >= _SECOND:
        raise DescriptorError("invalid", f"there are {rest} nanoseconds; the limit is {_SECOND - 1}")
    return int(seconds) * _SECOND + int(rest)


def _datetime(nanoseconds: int) -> Some | None:
    """Return a time as a guest gets it; None before 1970, which the type cannot express."""
    if nanoseconds < 0:
        return None
    seconds, rest = divmod(nanoseconds, _SECOND)
    return Some({"seconds": seconds, "nanoseconds": rest})


def _stat_value(status: ObjectStatus) -> dict[str, Any]:
    return {
        "type": status.kind.value,
        "link-count": status.links,
        "size": status.size,
        "data-access-timestamp": _datetime(status.accessed_ns),
        "data-modification-timestamp": _datetime(status.modified_ns),
        "status-change-timestamp": _datetime(status.changed_ns),
    }


def _hash_value(status: ObjectStatus) -> dict[str, int]:
    fingerprint = status.fingerprint
    return {"lower": fingerprint.lower, "upper": fingerprint.upper}


# files


def _read_via_stream(_context: HostContext, descriptor: Descriptor, offset: int) -> FileInput:
    file = _file(descriptor)
    file.require_reading()
    return FileInput(file, offset)


def _write_via_stream(_context: HostContext, descriptor: Descriptor, offset: int) -> FileOutput:
    file = _file(descriptor)
    file.require_writing()
    return FileOutput(file, offset)


def _append_via_stream(_context: HostContext, descriptor: Descriptor) -> FileOutput:
    file = _file(descriptor)
    file.require_writing()
    return FileOutput(file, None)


def _read(context: HostContext, descriptor: Descriptor, length: int, offset: int) -> tuple[bytes, bool]:
    data = _file(descriptor).read(context, length, offset)
    return data, bool(length) and not data


def _write(context: HostContext, descriptor: Descriptor, data: bytes, offset: int) -> int:
    return _file(descriptor).write(context, data, offset)


def _set_size(context: HostContext, descriptor: Descriptor, size: int) -> None:
    _file(descriptor).set_size(context, size)


def _advise(context: HostContext, descriptor: Descriptor, offset: int, length: int, advice: str) -> None:
    _file(descriptor).advise(context, offset, length, Advice(advice))


# files and directories


def _sync(context: HostContext, descriptor: Descriptor, *, data_only: bool = False) -> None:
    if isinstance(descriptor, FileDescriptor):
        descriptor.sync(context, data_only=data_only)
    else:
        descriptor.sync(context)


def _sync_data(context: HostContext, descriptor: Descriptor) -> None:
    _sync(context, descriptor, data_only=True)


def _get_flags(_context: HostContext, descriptor: Descriptor) -> Flags:
    if isinstance(descriptor, DirectoryDescriptor):
        return _DIRECTORY_FLAGS
    return frozenset([flag for flag, field in _MODES.items() if getattr(descriptor.mode, field)])


def _get_type(_context: HostContext, descriptor: Descriptor) -> str:
    is_file = isinstance(descriptor, FileDescriptor)
    return (ObjectKind.FILE if is_file else ObjectKind.DIRECTORY).value


def _stat(context: HostContext, descriptor: Descriptor) -> dict[str, Any]:
    return _stat_value(descriptor.status(context))


def _set_times(context: HostContext, descriptor: Descriptor, accessed: Variant, modified: Variant) -> None:
    times = _nanoseconds(accessed), _nanoseconds(modified)
    if isinstance(descriptor, FileDescriptor):
        descriptor.set_times(context, *times)
    else:
        descriptor.set_times(context, ".", *times, follow=False)


def _metadata_hash(context: HostContext, descriptor: Descriptor) -> dict[str, int]:
    return _hash_value(descriptor.status(context))


def _is_same_object(context: HostContext, descriptor: Descriptor, other: Descriptor) -> bool:
    tenant: Tenant = context.owner
    with tenant.blocking():
        one = _identity(context, descriptor)
        return descriptor is other or (one is not None and one == _identity(context, other))


def _identity(context: HostContext, descriptor: Descriptor) -> tuple[int, int] | None:
    if isinstance(descriptor, FileDescriptor):
        return descriptor.identity
    try:
        return descriptor.status(context).identity
    except DescriptorError:
        return None


# paths below directories


def _open_at(  # noqa: PLR0917 -- those of the interface
    context: HostContext, descriptor: Descriptor, path_flags: Flags, path: str, open_flags: Flags, flags: Flags
) -> Descriptor:
    mode = OpenMode(**{field: flag in flags for flag, field in _MODES.items()})
    chosen = dict.fromkeys(open_flags, True)
    return _directory(descriptor).open(context, path, OpenRequest(mode=mode, follow=_FOLLOW in path_flags, **chosen))


def _create_directory_at(context: HostContext, descriptor: Descriptor, path: str) -> None:
    _directory(descriptor).create_directory(context, path)


def _stat_at(context: HostContext, descriptor: Descriptor, path_flags: Flags, path: str) -> dict[str, Any]:
    return _stat_value(_directory(descriptor).status(context, path, follow=_FOLLOW in path_flags))


def _set_times_at(  # noqa: PLR0917 -- those of the interface
    context: HostContext, descriptor: Descriptor, path_flags: Flags, path: str, accessed: Variant, modified: Variant
) -> None:
    times = _nanoseconds(accessed), _nanoseconds(modified)
    _directory(descriptor).set_times(context, path, *times, follow=_FOLLOW in path_flags)


def _link_at(  # noqa: PLR0917 -- those of the interface
    context: HostContext, descriptor: Descriptor, path_flags: Flags, path: str, target: Descriptor, target_path: str
) -> None:
    if _FOLLOW in path_flags:
        raise DescriptorError("invalid", "a link is not followed to be linked to")
    _directory(descriptor).link(context, path, _directory(target), target_path)


def _readlink_at(context: HostContext, descriptor: Descriptor, path: str) -> str:
    return _directory(descriptor).read_link(context, path)


def _remove_directory_at(context: HostContext, descriptor: Descriptor, path: str) -> None:
    _directory(descriptor).remove_directory(context, path)


def _rename_at(context: HostContext, descriptor: Descriptor, path: str, target: Descriptor, target_path: str) -> None:
    _directory(descriptor).rename(context, path, _directory(target), target_path)


def _symlink_at(context: HostContext, descriptor: Descriptor, held: str, path: str) -> None:
    _directory(descriptor).symlink(context, held, path)


def _unlink_file_at(context: HostContext, descriptor: Descriptor, path: str) -> None:
    _directory(descriptor).unlink(context, path)


def _metadata_hash_at(context: HostContext, descriptor: Descriptor, path_flags: Flags, path: str) -> dict[str, int]:
    return _hash_value(_directory(descriptor).status(context, path, follow=_FOLLOW in path_flags))


# entries, errors and the directories at the beginning


def _read_directory(context: HostContext, descriptor: Descriptor) -> DirectoryEntries:
    return _directory(descriptor).entries(context)


def _read_entry(context: HostContext, entries: DirectoryEntries) -> Some | None:
    entry = entries.read(context)
    return None if entry is None else Some({"type": entry.kind.value, "name": entry.name})


def _error_code(_context: HostContext, error: IoError) -> Some | None:
    return None if error.filesystem is None else Some(error.filesystem)


def _get_directories(context: HostContext) -> list[tuple[DirectoryDescriptor, str]]:
    tenant: Tenant = context.owner
    preopens = tenant.wasi.preopens
    context.charge(FUEL_PER_WORK * (1 + len(preopens)))
    door = tenant.filesystem.descriptors
    return [(door.named(preopen.host), preopen.guest) for preopen in preopens]


def _close(_context: Any, opened: Descriptor | DirectoryEntries) -> None:
    opened.close()


_METHODS: Final[dict[str, Callable[..., Any]]] = {
    "read-via-stream": _read_via_stream,
    "write-via-stream": _write_via_stream,
    "append-via-stream": _append_via_stream,
    "advise": _advise,
    "sync-data": _sync_data,
    "get-flags": _get_flags,
    "get-type": _get_type,
    "set-size": _set_size,
    "set-times": _set_times,
    "read": _read,
    "write": _write,
    "read-directory": _read_directory,
    "sync": _sync,
    "create-directory-at": _create_directory_at,
    "stat": _stat,
    "stat-at": _stat_at,
    "set-times-at": _set_times_at,
    "link-at": _link_at,
    "open-at": _open_at,
    "readlink-at": _readlink_at,
    "remove-directory-at": _remove_directory_at,
    "rename-at": _rename_at,
    "symlink-at": _symlink_at,
    "unlink-file-at": _unlink_file_at,
    "metadata-hash": _metadata_hash,
    "metadata-hash-at": _metadata_hash_at,
}

TYPES: Final = wasi_interface(
    "filesystem/types",
    {
        **{f"[method]descriptor.{name}": _answering(work) for name, work in _METHODS.items()},
        "[method]descriptor.is-same-object": charged(_is_same_object),
        "[method]directory-entry-stream.read-directory-entry": _answering(_read_entry),
        "filesystem-error-code": _error_code,
    },
    (
        HostResource("descriptor", _close, DESCRIPTOR_BYTES),
        HostResource("directory-entry-stream", _close, ENTRIES_BYTES),
    ),
)
PREOPENS: Final = wasi_interface("filesystem/preopens", {"get-directories": _get_directories})
INTERFACES: Final = (TYPES, PREOPENS)
"""The interfaces of the package."""
