"""The saved states of a simulated runtime: saving, importing, exporting and loading."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import count

import msgspec

from airssys_tui.api.views.components import ComponentView
from airssys_tui.api.views.past import StateFile, StateView
from airssys_tui.core.errors import GateRefusal, NotServing, UsageError
from airssys_tui.core.gates import Gate
from airssys_tui.core.identity import digest_of
from airssys_tui.core.lifecycle import State
from airssys_tui.core.text import sanitise

SCHEMA = "counter/1"


class Kept(msgspec.Struct, frozen=True):
    """A state and its bytes."""

    view: StateView
    data: bytes


class PlayedStates:
    """All saved states, numbered over all components."""

    def __init__(self) -> None:
        self._kept: dict[int, Kept] = {}
        self._numbers = count(1)

    def of(self, component: str) -> tuple[StateView, ...]:
        """Return a component's states, newest first; ``paired`` marks those that a rollback would restore."""
        found = [kept.view for kept in self._kept.values() if kept.view.component == component]
        newest: dict[int, int] = {view.revision: view.id for view in found}
        return tuple(msgspec.structs.replace(view, paired=newest[view.revision] == view.id) for view in reversed(found))

    def save(self, view: ComponentView, cause: str, now: float) -> Kept | None:
        """Save the state of a running component; return None if the component has no state."""
        if not view.stateful or view.revision is None or view.state not in {State.RUNNING, State.UPDATING}:
            return None
        text = f'{{"by":"{view.id}","at":{now:.0f}}}'
        data = text.encode("utf-8", "backslashreplace").ljust(view.state_bytes or 0)[: view.state_bytes or len(text)]
        return self._keep(view, cause, now, data)

    def save_on_demand(self, view: ComponentView, now: float) -> Kept:
        """Save a state because an operator asked for it.

        Raises:
            NotServing: If the component is not running.
            UsageError: If the component has no state.
        """
        if not view.stateful:
            raise UsageError(f"{view.id} has no `state` export: there is nothing to save", component=view.id)
        kept = self.save(view, "operator", now)
        if kept is None:
            raise NotServing(
                f"{view.id} is {view.state}: its state cannot be saved now",
                remedy=f"start {view.id} first",
                component=view.id,
            )
        return kept

    def bring(self, view: ComponentView, file: StateFile, now: float) -> Kept:
        """Import a state.

        Raises:
            UsageError: If the bytes do not match the digest, or the component cannot load them.
        """
        if digest_of(file.data) != file.digest:
            raise UsageError(
                "the bytes of the state do not match the digest in its file",
                remedy="export it again",
                component=view.id,
            )
        if not view.stateful or view.revision is None:
            raise UsageError(f"{view.id} has no `state` export that could load it", component=view.id)
        return self._keep(view, "import", now, file.data, file.schema)

    def get(self, component: str, number: int) -> Kept:
        """Return a state.

        Raises:
            UsageError: If the component has no state of that number.
        """
        kept = self._kept.get(number)
        if kept is None or kept.view.component != component:
            raise UsageError(
                f"{component} has no state {number}", remedy="`states` lists those that are kept", component=component
            )
        return kept

    def loadable(self, component: str, number: int, revision: int | None) -> Kept:
        """Return a state for loading, unless the revision failed to load it before.

        Raises:
            UsageError: If the component has no state of that number.
            GateRefusal: If the revision failed to load it before.
        """
        kept = self.get(component, number)
        if revision in kept.view.failed_by:
            raise GateRefusal(
                f"r{revision} of {component} could not load state {number} before",
                gate=Gate.STATE_LOAD,
                remedy="choose another state",
                component=component,
            )
        return kept

    def fail(self, number: int, revision: int) -> None:
        """Record that a revision failed to load a state."""
        kept = self._kept[number]
        view = msgspec.structs.replace(kept.view, failed_by=(*kept.view.failed_by, revision))
        self.put(Kept(view, kept.data))

    def put(self, kept: Kept) -> None:
        """Store a state unchanged, replacing the one of the same number."""
        self._kept[kept.view.id] = kept

    def drop(self, numbers: Iterable[int]) -> None:
        """Delete states."""
        for number in numbers:
            self._kept.pop(number, None)

    def size(self) -> int:
        """Return the size of all states in bytes."""
        return sum(len(kept.data) for kept in self._kept.values())

    def _keep(self, of: ComponentView, cause: str, now: float, data: bytes, schema: str = SCHEMA) -> Kept:
        number = next(self._numbers)
        view = StateView(
            id=number,
            component=of.id,
            revision=of.revision or 0,
            version=of.version,
            schema=sanitise(schema),
            cause=cause,
            at=now,
            size=len(data),
            digest=digest_of(data),
        )
        self._kept[number] = Kept(view, data)
        return self._kept[number]


def exported(kept: Kept) -> StateFile:
    """Return a state in its export format."""
    view = kept.view
    return StateFile(
        component=view.component,
        revision=view.revision,
        version=view.version,
        schema=view.schema,
        kind="text",
        at=view.at,
        digest=view.digest,
        data=kept.data,
    )
