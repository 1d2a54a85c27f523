"""The groups of a folder while no runtime runs: read from its configuration, and started or stopped in the catalog."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from airssys_tui.api.views.configured_groups import views_of
from airssys_tui.api.views.groups import components_of
from airssys_tui.api.views.runtime import Done, GroupView
from airssys_tui.cli.reaching.offline_views import reading, write_desired
from airssys_tui.cli.reaching.site import Site
from airssys_tui.core.capability.policy_file import read_folder_settings
from airssys_tui.core.errors import AirssysError, ManifestError, TransitionError, UsageError
from airssys_tui.core.regular_file import FileError
from airssys_tui.core.text import GuestText, one_line
from airssys_tui.store.directory import StateDirectory

if TYPE_CHECKING:
    from airssys_tui.api.commands import StartGroup, StopGroup


def folder_groups(site: Site) -> tuple[GroupView, ...]:
    """Return the groups of a folder.

    Raises:
        AirssysError: Its configuration is not right, or cannot be read.
    """
    return views_of(read_folder_settings(site.folder.value).groups)


def recorded_groups(site: Site) -> tuple[tuple[GroupView, ...], tuple[GuestText, ...]]:
    """Return the groups of a folder, and what is wrong with its configuration; then there are no groups."""
    try:
        return folder_groups(site), ()
    except (ManifestError, FileError) as error:
        return (), (one_line(error.message, 400),)


def record_group(site: Site, command: StartGroup | StopGroup, who: str) -> Done:
    """Record that the components of a group start, or stay stopped, from the next start on.

    Raises:
        AirssysError: There is no such group, or nothing could be recorded; the first reason.
    """
    from airssys_tui.api.commands import Start, StartGroup, Stop  # noqa: PLC0415 - late: see `reach`

    groups = folder_groups(site)
    names = components_of(groups, command.group)
    if not names:
        known = ", ".join(group.name for group in groups) or "none; [groups] of airssys.toml makes them"
        raise UsageError(f"there is no group {command.group!r}", remedy=f"groups: {known}")
    with reading(site) as reader:
        there = {record.id for record in reader.catalog.components()}
    make, batch = Start if isinstance(command, StartGroup) else Stop, f"group-{uuid.uuid4().hex}"
    said: list[str] = []
    failed: AirssysError | None = None
    with StateDirectory.open(site.state_dir.value, folder=site.folder.value) as state:
        for name in names if make is Start else reversed(names):
            if name in there:
                try:
                    said.append(str(write_desired(state.catalog, make(name), who, batch).text))
                except AirssysError as error:
                    failed = failed or error
    if not said:
        raise failed or TransitionError(f"no component of the group {command.group} is in the folder")
    return Done(one_line("; ".join(said), 400))
