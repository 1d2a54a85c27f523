"""Errors on the wire: an error of the tree is encoded with its class names and recreated on the other side."""

from __future__ import annotations

from typing import Annotated, Any, Final, get_type_hints

import msgspec

from airssys_tui.api import wire
from airssys_tui.core.errors import AirssysError
from airssys_tui.core.text import VERBATIM, sanitise
from airssys_tui.core.traps import GuestTrap

_BASE: Final = frozenset({"message", "remedy", "component", "revision"})


class WireError(msgspec.Struct, frozen=True, kw_only=True):
    """An error on the wire.

    Attributes:
        kinds: Name of its class, then of its bases up to the root of the tree.
        message: What happened.
        remedy: What to do next.
        component: The component concerned.
        revision: The revision concerned.
        more: Further attributes of its class (gate, offset, trap…), by parameter name; what of them is no data is
            sanitised when they get their types.
    """

    kinds: tuple[str, ...]
    message: str
    remedy: str = ""
    component: str | None = None
    revision: int | None = None
    more: Annotated[dict[str, Any], VERBATIM] = {}


def fault_of(error: BaseException) -> WireError:
    """Encode an error; one outside the tree becomes the tree's root class, with its class name in the message."""
    if not isinstance(error, AirssysError):
        return WireError(kinds=(AirssysError.__name__,), message=f"{type(error).__name__}: {error}")
    kind = type(error)
    parameters = _parameters(kind)
    more = {name: wire.plain(value) for name, value in vars(error).items() if name in parameters and name not in _BASE}
    return WireError(
        kinds=tuple(base.__name__ for base in kind.__mro__ if issubclass(base, AirssysError)),
        message=error.message,
        remedy=error.remedy,
        component=error.component,
        revision=error.revision,
        more=more,
    )


def error_of(fault: WireError) -> AirssysError:
    """Return a received error as an exception of its class, or of the nearest base that this program knows.

    Its texts are sanitised, because they come from another process.
    """
    known = _classes()
    kind = next((known[name] for name in fault.kinds if name in known), AirssysError)
    try:
        more = {
            name: wire.cleaned(msgspec.convert(fault.more.get(name), hint))
            for name, hint in _parameters(kind).items()
            if name not in _BASE
        }
    except msgspec.ValidationError:
        kind, more = AirssysError, {}
    error = kind.__new__(kind)
    AirssysError.__init__(
        error,
        sanitise(fault.message),
        remedy=sanitise(fault.remedy),
        component=fault.component,
        revision=fault.revision,
    )
    vars(error).update(more)
    return error


def _parameters(kind: type[AirssysError]) -> dict[str, Any]:
    """Return the parameters of an error class by name; its attributes have the same names."""
    hints = get_type_hints(kind.__init__)
    hints.pop("return", None)
    return hints


def _classes() -> dict[str, type[AirssysError]]:
    found: dict[str, type[AirssysError]] = {}
    waiting: list[type[AirssysError]] = [AirssysError, GuestTrap]
    while waiting:
        kind = waiting.pop()
        found[kind.__name__] = kind
        waiting.extend(kind.__subclasses__())
    return found
