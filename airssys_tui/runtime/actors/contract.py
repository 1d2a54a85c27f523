"""The ``airssys:core-component`` contract, seen from the host: one function for each call that the host makes.

Every interface is optional; each function has a default for components that do not export it.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec
import semver

from airssys_tui.core import description
from airssys_tui.core.errors import GateRefusal
from airssys_tui.core.gates import Gate
from airssys_tui.core.identity import ComponentId
from airssys_tui.core.lifecycle import Health
from airssys_tui.core.text import GuestText, bounded, one_line
from airssys_tui.core.types.interface import Interface
from airssys_tui.core.types.values import Err, Some, Variant
from airssys_tui.runtime.actors.serving import Serving

LIFECYCLE: Final = description.LIFECYCLE
METADATA: Final = "airssys:core-component/metadata@1.0.0"
HEALTH: Final = description.HEALTH
STATE: Final = description.STATE
TIMER_HANDLER: Final = "airssys:core-component/timer-handler@1.0.0"
MESSAGE_HANDLER: Final = description.MESSAGE_HANDLER
CALLBACK_HANDLER: Final = "airssys:core-component/callback-handler@1.0.0"
COMMAND: Final = description.COMMAND

MAX_STATE: Final = 2 * 1024 * 1024
MAX_SCHEMA: Final = 64
MOST_TOLD: Final = 4_000
"""Characters of one part of a component's description of itself."""

MOST_CODECS: Final = 256
"""Codecs that a component may say it accepts; further ones are not looked at."""


class SavedState(msgspec.Struct, frozen=True):
    """What ``state.save`` returned.

    Attributes:
        schema: The component's own name for the format.
        kind: ``text`` or ``binary``.
        data: The bytes; UTF-8 for text.
        version: Version of the component that saved it.
    """

    schema: str
    kind: str
    data: bytes
    version: str | None


class HealthReport(msgspec.Struct, frozen=True):
    """What ``health.check`` returned."""

    health: Health
    message: GuestText = GuestText("")


kind_of = description.kind_of
is_stateful = description.is_stateful


def initialise(serving: Serving) -> None:
    """Call ``lifecycle.init``, if the component exports it.

    Raises:
        GateRefusal: If it answers with an error.
        GuestTrap: If it traps.
    """
    manifest = serving.manifest
    if not serving.artifact.interface.exports_interface(LIFECYCLE):
        return
    config = {
        "id": id_value(manifest.id),
        "version": version_value(manifest.version),
        "entries": [(entry.key, entry.value) for entry in manifest.config],
    }
    answer = serving.ask(f"{LIFECYCLE}#init", config, deadline=manifest.limits.init_deadline)
    if isinstance(answer, Err):
        raise GateRefusal(f"init answered {error_text(answer)}", gate=Gate.INIT)


def shut_down(serving: Serving) -> None:
    """Call ``lifecycle.shutdown``, if the component exports it, within the manifest's ``shutdown`` bound."""
    if serving.artifact.interface.exports_interface(LIFECYCLE):
        serving.ask(f"{LIFECYCLE}#shutdown", deadline=serving.manifest.supervision.shutdown)


def save_state(serving: Serving) -> SavedState | None:
    """Save the component's state; return None if it does not export ``state``.

    Raises:
        GateRefusal: If it answers with an error, or with more than :data:`MAX_STATE` bytes.
        GuestTrap: If it traps.
    """
    if not is_stateful(serving.artifact.interface):
        return None
    schema = serving.ask(f"{STATE}#schema")
    answer = serving.ask(f"{STATE}#save")
    if isinstance(answer, Err):
        raise GateRefusal(f"save answered {error_text(answer)}", gate=Gate.STATE_SAVE)
    payload: Variant = answer.value
    data = payload.payload.encode() if payload.case == "text" else bytes(payload.payload)
    if len(data) > MAX_STATE:
        raise GateRefusal(
            f"the saved state has {len(data)} bytes; at most {MAX_STATE} are accepted", gate=Gate.STATE_SAVE
        )
    return SavedState(schema[:MAX_SCHEMA], payload.case, data, serving.manifest.version)


def load_state(serving: Serving, state: SavedState) -> None:
    """Load a saved state into the component.

    Raises:
        GateRefusal: If it answers with an error.
        GuestTrap: If it traps.
    """
    body = state.data.decode() if state.kind == "text" else state.data
    given = Variant(state.kind, body), version_value(state.version)
    answer = serving.ask(f"{STATE}#load", *given, deadline=serving.manifest.limits.init_deadline)
    if isinstance(answer, Err):
        raise GateRefusal(f"load answered {error_text(answer)}", gate=Gate.STATE_LOAD)


def check_health(serving: Serving) -> HealthReport:
    """Check the component's health; without the interface the health is ``unknown``.

    Raises:
        GuestTrap: If it traps, or does not answer within the manifest's ``health.timeout``.
    """
    if not serving.artifact.interface.exports_interface(HEALTH):
        return HealthReport(Health.UNKNOWN)
    report = serving.ask(f"{HEALTH}#check", deadline=serving.manifest.health.timeout)
    message = report["message"]
    return HealthReport(Health(report["status"]), one_line(message.value) if message is not None else GuestText(""))


def on_timer(serving: Serving, name: str) -> None:
    """Tell the component that a timer is due. It counts as a call.

    Raises:
        GuestTrap: If it traps.
    """
    serving.call(f"{TIMER_HANDLER}#on-timer", name)


def declares_codecs(interface: Interface) -> bool:
    """Return whether a component says which codecs of messages it accepts."""
    return interface.exports_interface(METADATA) and interface.exports_interface(MESSAGE_HANDLER)


def accepted_codecs(serving: Serving) -> frozenset[int] | None:
    """Return the codecs of messages that it accepts; None for any.

    Raises:
        GuestTrap: If it traps.
    """
    accepts: list[int] = serving.ask(f"{METADATA}#describe", deadline=serving.manifest.limits.init_deadline)["accepts"]
    return frozenset(accepts[:MOST_CODECS]) if accepts else None


def describe(serving: Serving) -> tuple[str, ...]:
    """Return the component's description of itself as ``key: value``, each bounded; show it sanitised."""
    if not serving.artifact.interface.exports_interface(METADATA):
        return ()
    said = serving.ask(f"{METADATA}#describe")
    lines = [f"title: {said['title']}", f"description: {said['description']}"]
    lines += [f"operation {entry['name']}: {entry['summary']}" for entry in said["operations"][:64]]
    lines += [f"{key}: {value}" for key, value in said["labels"][:64]]
    return tuple(bounded(line, MOST_TOLD) for line in lines)


def id_value(identity: ComponentId) -> dict[str, str]:
    """Return a WIT ``component-id``."""
    return {"namespace": identity.namespace, "name": identity.name}


def version_value(text: str | None) -> dict[str, Any]:
    """Return a WIT ``component-version``; 0.0.0 for a component without a version."""
    version = semver.Version.parse(text) if text else semver.Version(0)
    return {
        "major": version.major,
        "minor": version.minor,
        "patch": version.patch,
        "pre-release": Some(version.prerelease) if version.prerelease else None,
        "build": Some(version.build) if version.build else None,
    }


def error_text(answer: Err) -> GuestText:
    """Return an error result as ``case: text`` for people."""
    error = answer.value
    if isinstance(error, Variant):
        return one_line(f"{error.case}: {error.payload}" if error.payload is not None else error.case)
    return one_line(str(error))
