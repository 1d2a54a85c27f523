"""Calling components by hand: interfaces, open handles, and calls saved as checks."""

from __future__ import annotations

from typing import Annotated, Final

import msgspec

from airssys_tui.core.text import VERBATIM, GuestText, Verbatim
from airssys_tui.core.types.interface import Interface


class InterfaceView(msgspec.Struct, frozen=True, kw_only=True):
    """The imports and exports of a component, with their types.

    Attributes:
        component: Text form of the identity.
        revision: The revision that has this interface.
        interface: Every function with its types; the names in it come from the component: show them sanitised.
        docs: Documentation of exports by full path, from the WIT packages that come with the program.
    """

    component: str
    revision: int
    interface: Annotated[Interface, VERBATIM]
    docs: dict[str, GuestText] = {}


MOST_OPEN: Final = 64
"""Open handles for each component; a call that may return another one is refused beforehand."""


class OpenHandle(msgspec.Struct, frozen=True):
    """A resource that a call returned and that later calls can use.

    In the JSON of arguments and results it is ``{"$resource": ID}``.

    Attributes:
        id: Number of the handle, unique in the component while the runtime runs.
        resource: Name of the resource type.
        revision: The revision whose instance owns the resource; the handle closes with that instance.
        at: Unix time when it was returned.
    """

    id: int
    resource: GuestText
    revision: int
    at: float


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """A call saved with its result, for replay.

    Attributes:
        name: Unique within the component.
        export: Full path of the export.
        arguments: JSON array of the arguments.
        result: JSON of the result that a fresh instance gave, after the checks before it, when the check was saved.
        revision: The revision that answered.
        at: Unix time when it was saved.
    """

    name: Verbatim
    export: Verbatim
    arguments: Verbatim
    result: Verbatim
    revision: int
    at: float


class CheckOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """Result of replaying a check.

    Attributes:
        check: The check.
        passed: Whether the replay gave the saved result.
        result: JSON of the result; empty when the call failed.
        error: Why the call failed, one line; empty when it did not.
        fuel: Fuel units used; None when the call failed.
        seconds: Wall time of the call; 0 when it failed.
    """

    check: Check
    passed: bool
    result: Verbatim = ""
    error: GuestText = GuestText("")
    fuel: int | None = None
    seconds: float = 0.0
