"""Answers for programs: an unknown value is null, never a zero or a made-up default."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from airssys_tui.api.views.components import ComponentDetail, ComponentView, Meters

if TYPE_CHECKING:
    from airssys_tui.api.protocol import RuntimeApi

LIVE_ONLY: Final = (
    "health",
    "recovery",
    "candidate",
    "running",
    "tier",
    "links",
    "restarts",
    "started_at",
    "probation_until",
    "custom_series",
    "history",
    "generation",
)
"""Members of a row that only a running runtime knows; all members of its meters belong to them too."""

LIVE_ONLY_DETAIL: Final = ("described", "host_use", "messages", "recent")
"""Members of the details, apart from the row, that only a running runtime knows."""


def is_live(api: RuntimeApi) -> bool:
    """Return whether the answers come from a running runtime and not from the catalog."""
    from airssys_tui.cli.reaching.offline_runtime import RecordedRuntime  # noqa: PLC0415 - late: see `reach`

    return not isinstance(api, RecordedRuntime)


def honest(view: ComponentView, *, live: bool) -> dict[str, object]:
    """Return a row for programs, with the same members whether or not the runtime is running.

    Args:
        view: The row.
        live: Whether the row comes from a running runtime; otherwise members that only a runtime knows are null.
    """
    from airssys_tui.api.wire import plain  # noqa: PLC0415 - late: see `output`

    row: dict[str, object] = plain(view)
    if not live:
        row |= {"meters": dict.fromkeys(Meters.__struct_fields__), **dict.fromkeys(LIVE_ONLY)}
    return row


def honest_detail(detail: ComponentDetail, *, live: bool) -> dict[str, object]:
    """Return details for programs; see :func:`honest`."""
    from airssys_tui.api.wire import plain  # noqa: PLC0415 - late: see `output`

    answer: dict[str, object] = plain(detail)
    answer["view"] = honest(detail.view, live=live)
    return answer if live else answer | dict.fromkeys(LIVE_ONLY_DETAIL)
