"""History from the catalog alone: events, the story of the last change, and snapshots."""

from __future__ import annotations

import time

from airssys_tui.api.permission_story import permission_sentences
from airssys_tui.api.views.past import HistoryQuery, StateFile, StateView, Story
from airssys_tui.api.views.runtime import EventPage
from airssys_tui.cli.reaching.offline_rights import recorded_grants
from airssys_tui.cli.reaching.offline_views import find_component, reading
from airssys_tui.cli.reaching.site import Site
from airssys_tui.runtime.components.eligible_states import state_file, state_views
from airssys_tui.runtime.history.past_events import history
from airssys_tui.runtime.history.recollection import recollect
from airssys_tui.runtime.history.story import tell


def recorded_history(site: Site, query: HistoryQuery) -> EventPage:
    """Return the recorded events, oldest first.

    Raises:
        UnknownComponent: The query names an unknown component.
        FolderMismatch: The state belongs to another folder than the named one.
        StoreError: The state directory cannot be read.
    """
    with reading(site) as state:
        if query.component is not None:
            find_component(state.catalog, query.component)
        return history(state.catalog, query)


def recorded_story(site: Site, name: str) -> Story:
    """Explain the last change of a component.

    Raises:
        AirssysError: As :func:`recorded_history`.
    """
    with reading(site) as state:
        found = find_component(state.catalog, name).id
        story = tell(recollect(state.catalog, found, time.time()))
    return Story(found, story + permission_sentences(recorded_grants(site, name), time.time()))


def recorded_states(site: Site, name: str) -> tuple[StateView, ...]:
    """Return a component's snapshots, newest first.

    Raises:
        AirssysError: As :func:`recorded_history`.
    """
    with reading(site) as state:
        found = find_component(state.catalog, name).id
        return state_views(state.catalog, found)


def recorded_state(site: Site, name: str, snapshot: int) -> StateFile:
    """Return a snapshot with its bytes.

    Raises:
        UsageError: The component has no such snapshot.
        AirssysError: As :func:`recorded_history`.
    """
    with reading(site) as state:
        return state_file(state.catalog, find_component(state.catalog, name).id, snapshot)
