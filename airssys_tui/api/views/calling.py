"""Calling components by hand: what can be called, resources held between calls, calls kept as checks."""

from __future__ import annotations

import msgspec

from airssys_tui.core.text import GuestText
from airssys_tui.core.types.interface import Interface


class InterfaceView(msgspec.Struct, frozen=True, kw_only=True):
    """What a component imports and exports, with its types.

    Attributes:
        component: Text form of the identity.
        revision: The revision that has this interface.
        interface: Every function with its types; names in it are the component's, so show them sanitised.
        docs: What is known of an export, by its full path: the text of the packages that come with the program.
    """

    component: str
    revision: int
    interface: Interface
    docs: dict[str, GuestText] = {}


class OpenHandle(msgspec.Struct, frozen=True):
    """A resource that a call returned and that the instance still has.

    In the JSON of arguments and results it is ``{"$resource": ID}``.

    Attributes:
        id: Its number, over the life of the runtime.
        resource: Name of its type.
        revision: The revision whose instance has it; it goes when the instance goes.
        at: Unix time when it was returned.
    """

    id: int
    resource: GuestText
    revision: int
    at: float


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """A call that is kept with its result, to be replayed.

    Attributes:
        name: Unique within the component.
        export: The full path.
        arguments: A JSON array.
        result: JSON of what a fresh instance answered, after the checks before it, when this one was saved.
        revision: The revision that answered.
        at: Unix time when it was saved.
    """

    name: str
    export: str
    arguments: str
    result: str
    revision: int
    at: float


class CheckOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """How the replay of a check went.

    Attributes:
        check: What was replayed.
        passed: Whether the same came back.
        result: JSON of what came back; empty when nothing did.
        error: Why nothing did, one line.
        fuel: Fuel units used; ``None`` when the call did not come about.
        seconds: Wall time of the call.
    """

    check: Check
    passed: bool
    result: str = ""
    error: GuestText = GuestText("")
    fuel: int | None = None
    seconds: float = 0.0
