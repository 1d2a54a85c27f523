"""``wasi:logging/logging``: a component writes to its own log.

The context becomes the field ``context``. The log has four levels: ``trace`` is ``debug``, and ``critical`` is
``error`` with the field ``level``.
"""

from __future__ import annotations

from typing import Final

from airssys_tui.engine.host import HostContext
from airssys_tui.host.services.log_text import LEVELS, bounded_fields, bounded_message
from airssys_tui.host.tenant import Tenant
from airssys_tui.host.wasi.drafts.draft_types import draft_interface


def _log(context: HostContext, level: str, subject: str, message: str) -> None:
    tenant: Tenant = context.owner
    context.charge_bytes(len(subject) + len(message))
    fields = [("context", subject)] if subject else []
    if level == "critical":
        fields.append(("level", level))
    tenant.log(LEVELS[level], bounded_message(message), bounded_fields(fields))


INTERFACES: Final = tuple(
    draft_interface(name, {"log": _log}) for name in ("logging/logging", "logging/logging@0.1.0-draft")
)
"""The interface, with its version and without."""
