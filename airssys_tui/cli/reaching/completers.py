"""Shell completion from the catalog: component names and revision numbers.

They run when the user presses the tab key and read only the catalog: neither the engine nor the screens are loaded.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cyclopts.completion import CompletionContext

    from airssys_tui.cli.reaching.site import Site


def component_names(context: CompletionContext) -> Iterable[tuple[str, str]]:
    """Return the components of the command line's folder, each with its version and state.

    Raises:
        AirssysError: The catalog cannot be read; the parser's library does not print this error.
    """
    from airssys_tui.cli.reaching.offline_views import recorded_components  # noqa: PLC0415 - late: only for the tab key

    return [(view.id, f"{view.version or ''} {view.state}".strip()) for view in recorded_components(_site(context))]


def revision_numbers(context: CompletionContext) -> Iterable[tuple[str, str]]:
    """Return the revisions of the component that the command line names, newest first.

    Raises:
        AirssysError: As :func:`component_names`.
    """
    from airssys_tui.cli.reaching.offline_views import recorded_versions  # noqa: PLC0415 - late: only for the tab key

    named = context.get("name")
    if named is None or not named.raw:
        return []
    timeline = recorded_versions(_site(context), str(named.raw))
    return [(str(view.number), f"{view.version or ''} {view.outcome}".strip()) for view in timeline]


def _site(context: CompletionContext) -> Site:
    """Return the site that an incomplete command line refers to."""
    from airssys_tui.cli.reaching.site import locate  # noqa: PLC0415 - late: only for the tab key

    named = [value.raw if (value := context.get(name)) else None for name in ("--folder", "--state-dir")]
    folder, state_dir = (Path(text) if text else None for text in named)
    return locate(folder, state_dir, must_exist=False)
