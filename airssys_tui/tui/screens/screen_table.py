"""The table of screens: which class shows each view. A screen is loaded when it is first shown: no paint waits for it.

A match and not a dictionary of names: so types and import contracts see what is loaded.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

from airssys_tui.tui.actions.view import View
from airssys_tui.tui.operating.operations import Operations
from airssys_tui.tui.screens.live import LiveScreen
from airssys_tui.tui.state.session import Session

AboutAll: TypeAlias = Callable[[Session, Operations], LiveScreen]
AboutOne: TypeAlias = Callable[[Session, Operations, str], LiveScreen]

MODES: Final = tuple(view for view in View if not view.of_one)
"""The screens about all components: each exists once and keeps what it shows while it is hidden."""


def screen_about_all(view: View) -> AboutAll:  # noqa: PLR0911 - it is a table
    """Return the class of a screen about all components."""
    match view:
        case View.REGISTRY:
            from airssys_tui.tui.screens.registry import RegistryScreen  # noqa: PLC0415 - late, as are the others

            return RegistryScreen
        case View.METERS:
            from airssys_tui.tui.screens.meters import MetersScreen  # noqa: PLC0415

            return MetersScreen
        case View.EVENTS:
            from airssys_tui.tui.screens.events import EventScreen  # noqa: PLC0415

            return EventScreen
        case View.LOGS:
            from airssys_tui.tui.screens.logs import LogScreen  # noqa: PLC0415

            return LogScreen
        case View.GRANTS:
            from airssys_tui.tui.screens.granting.grants import GrantsScreen  # noqa: PLC0415

            return GrantsScreen
        case View.AUDIT:
            from airssys_tui.tui.screens.granting.audit_trail import AuditScreen  # noqa: PLC0415

            return AuditScreen
        case View.HTTP:
            from airssys_tui.tui.screens.http import HttpScreen  # noqa: PLC0415

            return HttpScreen
        case _:
            raise ValueError(f"{view} is about one component")


def screen_about_one(view: View) -> AboutOne:  # noqa: PLR0911 - it is a table
    """Return the class of a screen about one component."""
    match view:
        case View.DETAIL:
            from airssys_tui.tui.screens.detail import DetailScreen  # noqa: PLC0415

            return DetailScreen
        case View.VERSIONS:
            from airssys_tui.tui.screens.versions import VersionsScreen  # noqa: PLC0415

            return VersionsScreen
        case View.METER:
            from airssys_tui.tui.screens.meter import MeterScreen  # noqa: PLC0415

            return MeterScreen
        case View.CALL:
            from airssys_tui.tui.screens.calling.call_screen import CallScreen  # noqa: PLC0415

            return CallScreen
        case View.TRACES:
            from airssys_tui.tui.screens.traces import TracesScreen  # noqa: PLC0415

            return TracesScreen
        case View.RECORDINGS:
            from airssys_tui.tui.screens.recordings import RecordingsScreen  # noqa: PLC0415

            return RecordingsScreen
        case View.RIGHTS:
            from airssys_tui.tui.screens.granting.component_rights import RightsScreen  # noqa: PLC0415

            return RightsScreen
        case _:
            raise ValueError(f"{view} is about all components")
