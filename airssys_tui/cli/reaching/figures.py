"""Figures as programs get them: what cannot be had is null, never a zero that pretends."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airssys_tui.api.views.components import ComponentView, Meters

if TYPE_CHECKING:
    from airssys_tui.api.protocol import RuntimeApi


def is_live(api: RuntimeApi) -> bool:
    """Return whether a runtime answers, not what was recorded."""
    from airssys_tui.cli.reaching.record import RecordedRuntime  # noqa: PLC0415 - late: see `reach`

    return not isinstance(api, RecordedRuntime)


def honest(view: ComponentView, *, live: bool) -> dict[str, object]:
    """Return a row for programs.

    Args:
        view: The row.
        live: Whether a runtime told it; else its figures are not known.
    """
    from airssys_tui.api.wire import plain  # noqa: PLC0415 - late: see `output`

    row: dict[str, object] = plain(view)
    if not live:
        row["meters"] = dict.fromkeys(Meters.__struct_fields__)
        row |= dict.fromkeys(("history", "restarts", "generation"))
    return row
