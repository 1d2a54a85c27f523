"""Permissions, denials and grants as ``airssys:core-capabilities/grants`` says them, and back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from airssys_tui.core.capability.grant import Denial, Grant
from airssys_tui.core.capability.permission import Kind, Permission, parse_permission
from airssys_tui.core.manifest.capabilities import ANY_PORT
from airssys_tui.core.types.interface import Case, EnumOf, Field, OptionOf, Primitive, Record, VariantOf
from airssys_tui.core.types.values import Some, Variant
from airssys_tui.host.types import STRING, TIMESTAMP

MAX_REMEDY: Final = 1_024
"""Bytes of a remedy at most."""


def _one(name: str, actions: tuple[str, ...], *fields: Field) -> Case:
    return Case(name, Record((Field("action", EnumOf(actions)), *fields)))


PERMISSION: Final = VariantOf(
    (
        _one("filesystem", ("read", "write", "delete", "list-names"), Field("path", STRING)),
        _one("network", ("connect", "listen"), Field("host", STRING), Field("port", OptionOf(Primitive("u16")))),
        _one("process", ("spawn", "signal", "environment"), Field("subject", STRING)),
        _one("storage", ("read", "read-write")),
        _one("messaging", ("send", "request", "publish", "subscribe"), Field("target", STRING)),
    )
)
_REASON: Final = EnumOf(("forbidden", "undeclared", "not-granted", "expired", "quota", "capacity", "candidate"))
_DENIAL: Final = Record((Field("permission", PERMISSION), Field("reason", _REASON), Field("remedy", STRING)))
PERMISSION_RESULT: Final = VariantOf((Case("granted"), Case("denied", _DENIAL)))
CAPABILITY_GRANT: Final = Record(
    (Field("permission", PERMISSION), Field("granted-at", TIMESTAMP), Field("expires-at", OptionOf(TIMESTAMP)))
)

_LIST: Final = "list"
_LIST_NAMES: Final = "list-names"
_ENVIRONMENT: Final = "environment"


def permission_of(asked: Variant) -> Permission:
    """Return the permission that a guest speaks of.

    Raises:
        ValueError: If no manifest could declare it; with what was expected.
    """
    return parse_permission(_TEXTS[asked.case](asked.payload))


def _network_text(said: dict[str, Any]) -> str:
    host, port = said["host"], said["port"]
    bracketed = f"[{host}]" if ":" in host else host
    return f"network:{said['action']}:{bracketed}:{ANY_PORT if port is None else port.value}"


def _process_text(said: dict[str, Any]) -> str:
    action, subject = said["action"], said["subject"]
    return f"environment:{subject}" if action == _ENVIRONMENT else f"process:{action}:{subject}"


def _filesystem_text(said: dict[str, Any]) -> str:
    action = _LIST if said["action"] == _LIST_NAMES else said["action"]
    return f"filesystem:{action}:{said['path']}"


_TEXTS: Final[Mapping[str, Callable[[dict[str, Any]], str]]] = {
    "filesystem": _filesystem_text,
    "network": _network_text,
    "process": _process_text,
    "storage": lambda said: f"storage:{said['action']}",
    "messaging": lambda said: f"messaging:{said['action']}:{said['target']}",
}


def value_of(permission: Permission) -> Variant:
    """Return a permission for a guest."""
    kind, action, subject = permission.kind, permission.action, permission.subject
    if kind is Kind.FILESYSTEM:
        return Variant("filesystem", {"action": _LIST_NAMES if action == _LIST else action, "path": subject})
    if kind is Kind.NETWORK:
        host = subject.removeprefix("[").removesuffix("]")
        port = None if permission.port is None else Some(permission.port)
        return Variant("network", {"action": action, "host": host, "port": port})
    if kind is Kind.STORAGE:
        return Variant("storage", {"action": action})
    if kind is Kind.MESSAGING:
        return Variant("messaging", {"action": action, "target": subject})
    return Variant("process", {"action": action or _ENVIRONMENT, "subject": subject})


def result_of(asked: Variant, denial: Denial | None) -> Variant:
    """Return the answer to a question about a permission."""
    if denial is None:
        return Variant("granted")
    return denied(asked, denial.reason.value, denial.remedy)


def denied(asked: Variant, reason: str, remedy: str) -> Variant:
    """Return a denial of what was asked."""
    short = remedy.encode()[:MAX_REMEDY].decode(errors="ignore")
    return Variant("denied", {"permission": asked, "reason": reason, "remedy": short})


def grant_value(grant: Grant) -> dict[str, Any]:
    """Return a grant for a guest."""
    ends = grant.expires_at
    return {
        "permission": value_of(grant.permission),
        "granted-at": _timestamp(grant.at),
        "expires-at": None if ends is None else Some(_timestamp(ends)),
    }


def _timestamp(at: float) -> dict[str, int]:
    seconds, nanoseconds = divmod(max(0, round(at * 1_000_000_000)), 1_000_000_000)
    return {"seconds": seconds, "nanoseconds": nanoseconds}
