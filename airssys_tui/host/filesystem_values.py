"""WIT types that the interfaces of ``airssys:ext-filesystem`` share, their values, and how refusals reach a guest."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Final

from airssys_tui.core.types.interface import (
    Case,
    EnumOf,
    Function,
    OptionOf,
    Param,
    ResultOf,
    ValType,
    VariantOf,
)
from airssys_tui.core.types.values import Err, Ok, Some, Variant
from airssys_tui.engine.host import HostContext, HostFunction
from airssys_tui.host.doors.filesystem.directory_pages import FileKind
from airssys_tui.host.doors.filesystem.file_refusal import FileRefusal
from airssys_tui.host.doors.filesystem.filesystem import Filesystem
from airssys_tui.host.tenant import Tenant
from airssys_tui.host.types import STRING, TIMESTAMP

FILE_ERROR: Final = VariantOf(
    tuple(
        Case(name, STRING)
        for name in (
            "denied",
            "not-found",
            "already-exists",
            "not-a-directory",
            "is-a-directory",
            "not-empty",
            "invalid-path",
            "invalid-input",
            "too-large",
            "quota-exceeded",
            "closed",
            "failed",
        )
    )
)
FILE_KIND: Final = EnumOf(tuple(kind.value for kind in FileKind))
OPTIONAL_TIMESTAMP: Final = OptionOf(TIMESTAMP)

_NANOSECONDS: Final = 1_000_000_000


def file_function(name: str, work: Callable[..., Any], result: ValType | None, **params: ValType) -> HostFunction:
    """Return an importable function of an interface about files.

    Args:
        name: Its name.
        work: ``work(filesystem, context, *arguments) -> value``; announced as blocking, as disks make one wait.
        result: The type of its value.
        params: The types of its parameters; an underscore stands for a hyphen.
    """
    types = tuple(Param(key.replace("_", "-"), type_) for key, type_ in params.items())
    return HostFunction(Function(name, types, ResultOf(result, FILE_ERROR)), _answering(work))


def timestamp_value(nanoseconds: int | None) -> Some | None:
    """Return a time as a guest gets it; None before 1970, which the type cannot express."""
    if nanoseconds is None or nanoseconds < 0:
        return None
    seconds, rest = divmod(nanoseconds, _NANOSECONDS)
    return Some({"seconds": seconds, "nanoseconds": rest})


def nanoseconds_of(timestamp: Some | None) -> int | None:
    """Return a guest's time in nanoseconds since 1970.

    Raises:
        FileRefusal: ``invalid-input`` if its nanoseconds are a second or more.
    """
    if timestamp is None:
        return None
    seconds, rest = timestamp.value["seconds"], timestamp.value["nanoseconds"]
    if rest >= _NANOSECONDS:
        raise FileRefusal("invalid-input", f"there are {rest} nanoseconds; the limit is {_NANOSECONDS - 1}")
    return int(seconds) * _NANOSECONDS + int(rest)


def _answering(work: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(work)
    def run(context: HostContext, *arguments: Any) -> Any:
        tenant: Tenant = context.owner
        filesystem: Filesystem = tenant.filesystem
        try:
            with tenant.blocking():
                return Ok(work(filesystem, context, *arguments))
        except FileRefusal as refusal:
            return Err(Variant(refusal.case, refusal.message))

    return run
