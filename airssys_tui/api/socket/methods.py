"""The protocol as a table: each method available over the socket, with its arguments and the type of its answer.

The table is derived from the annotations of :class:`~airssys_tui.api.protocol.RuntimeApi`, so a method added there can
be called over the socket without further code. It requires full access until it is listed in :data:`READING`.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, get_args, get_origin, get_type_hints

import msgspec

from airssys_tui.api import wire
from airssys_tui.api.message_protocol import MessagesApi
from airssys_tui.api.protocol import RuntimeApi

READING: Final = frozenset(
    {
        "snapshot",
        "events",
        "describe",
        "versions",
        "diff",
        "preview_rollback",
        "meters",
        "traces",
        "http",
        "states",
        "export_state",
        "explain",
        "impact",
        "history",
        "disk",
        "interface",
        "open_handles",
        "checks",
        "recordings",
        "grants",
        "questions",
        "trust",
        "audit",
        "verify_audit",
        "publications",
        "dead_letters",
        "dead_letter",
    }
)
"""Methods that change nothing and run no component code; a read-only connection may call them."""


@dataclass(frozen=True)
class Method:
    """One method of the protocol.

    Decoders are created on first use: most processes need only a few of them.

    Attributes:
        name: Its name in the protocol.
        declaration: Its function in the protocol.
    """

    name: str
    declaration: Callable[..., Any]

    @cached_property
    def arguments(self) -> type[msgspec.Struct]:
        """A struct type with the method's parameters as fields."""
        fields: list[Any] = []
        for parameter in list(inspect.signature(self.declaration).parameters.values())[1:]:
            default = () if parameter.default is parameter.empty else (parameter.default,)
            fields.append((parameter.name, self._hints[parameter.name], *default))
        return msgspec.defstruct(f"{self.name}-arguments", fields, frozen=True, forbid_unknown_fields=True)

    @property
    def result(self) -> Any:
        """Type of the answer, without the future."""
        declared = self._hints["return"]
        return get_args(declared)[0] if get_origin(declared) is Future else declared

    @cached_property
    def read_arguments(self) -> Callable[[bytes | msgspec.Raw], Any]:
        """Decoder of the arguments, which are data: the runtime gets them as the client sent them."""
        return wire.untouched(self.arguments)

    @cached_property
    def read_result(self) -> Callable[[bytes | msgspec.Raw], Any]:
        """Decoder of the answer."""
        return wire.unpacker(self.result)

    def changes(self, arguments: msgspec.Struct) -> bool:
        """Return whether this method changes the system or runs component code."""
        dry = self.name == "collect" and getattr(arguments, "dry", False)
        return self.name not in READING and not dry

    def ask(self, api: RuntimeApi, arguments: msgspec.Struct) -> Any:
        """Call the method on a runtime; return the answer, or its future."""
        named = {field: getattr(arguments, field) for field in self.arguments.__struct_fields__}
        return getattr(api, self.name)(**named)

    @cached_property
    def _hints(self) -> dict[str, Any]:
        return get_type_hints(self.declaration)


METHODS: Final[dict[str, Method]] = {
    name: Method(name, function)
    for part in (RuntimeApi, MessagesApi)
    for name, function in vars(part).items()
    if not name.startswith("_") and name != "close"
}
"""All methods by name."""
