"""Opening a runtime in this process, from what the command line names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airssys_tui.cli.options import Site

if TYPE_CHECKING:
    from airssys_tui.runtime.embedded import EmbeddedRuntime


def open_runtime(site: Site, *, adopt: bool = False, watch: bool = True) -> EmbeddedRuntime:
    """Own the state directory and bring its components up.

    Args:
        site: Folder and state directory.
        adopt: Bind a state directory of another folder to this one.
        watch: Whether changes on disk are deployed as they come.

    Raises:
        StoreError: The state directory is owned by another process, belongs to another folder or cannot be used.
    """
    from airssys_tui.runtime.embedded import EmbeddedRuntime  # noqa: PLC0415 - late: loads the engine
    from airssys_tui.runtime.settings import RuntimeSettings  # noqa: PLC0415

    return EmbeddedRuntime.open(
        site.folder.value, state_dir=site.state_dir.value, adopt=adopt, settings=RuntimeSettings(watch=watch)
    )
