"""Named points at which a test can kill the process, as a power failure would.

Set ``AIRSSYS_TUI_FAILPOINT=name`` (or ``name:3`` for the third pass) before the program starts, and the process sends
itself SIGKILL there, without flushing, closing or cleaning up. Without it, a failpoint costs two look-ups.
The table below declares every name, so that a crash campaign can run all of them.
"""

from __future__ import annotations

import os
from typing import Final

import msgspec

from airssys_tui.core.errors import UsageError

VARIABLE: Final = "AIRSSYS_TUI_FAILPOINT"

TRANSACTIONS: Final = (
    "abort-unfinished",
    "activate",
    "add-grants",
    "add-revision",
    "add-snapshot",
    "annotate",
    "answer-candidate",
    "append-events",
    "append-decisions",
    "ask",
    "begin-deployment",
    "bind-folder",
    "check",
    "count-denials",
    "drop-snapshots",
    "finish-deployment",
    "forget-code",
    "forget-refusals",
    "hold",
    "keep-costs",
    "keep-end",
    "lift-hold",
    "mark-snapshot-failed",
    "mark-stable",
    "migrate",
    "note-calls",
    "note-uses",
    "pin",
    "purge",
    "record-action",
    "record-code",
    "reinstate",
    "remember-refusal",
    "revoke-grants",
    "set-audit-head",
    "set-desired",
    "set-interface",
    "set-outcome",
    "set-present",
    "settle-action",
    "settle-question",
    "stage",
    "trim",
    "trust",
    "upsert-component",
    "use-up-grant",
)
"""Every write to the catalog is one transaction, with a failpoint before and one after its commit."""

_FILES: Final = (
    "blobs/put/before-write",
    "blobs/put/before-rename",
    "blobs/put/after-rename",
    "blobs/remove/before-unlink",
    "blobs/remove/after-unlink",
    "code/put/before-write",
    "code/put/before-rename",
    "code/put/after-rename",
    "code/remove/before-unlink",
    "code/remove/after-unlink",
)

_AUDIT: Final = (
    "audit/append/after-sync",
    "audit/append/before-sync",
    "audit/append/before-write",
    "audit/remove/after-unlink",
    "audit/remove/before-unlink",
    "audit/repair/after-truncate",
    "audit/repair/before-truncate",
    "audit/rotate/after-sync",
    "audit/rotate/before-sync",
)
"""An entry is written and synced, then the catalog makes what it records take effect; another file is begun; the oldest
one is removed; what a power failure left is removed."""

_GUARD: Final = ("guard/used-up", "guard/approved")
"""Between the record that a grant for one access is used up and the access; between an approval and the deployment."""

_DEPLOY: Final = (
    "deploy/accepted",
    "deploy/compiled",
    "deploy/rehearsed",
    "deploy/paused",
    "deploy/saved",
    "deploy/loaded",
    "deploy/committed",
    "deploy/switched",
    "deploy/retired",
)
"""Stage boundaries of a deployment or rollback; the runtime passes them."""

MAIL: Final = "mail"
MAIL_TRANSACTIONS: Final = ("accept", "bury", "count-attempts", "create", "remove", "revive")
"""Every write to the journal of durable messages, with a failpoint before and one after its commit."""

_UNDO: Final = ("undo/acted", "undo/taken", "undo/undone")
"""Between an operator's action and its record; before an action is undone; between the undo and its record."""

NAMES: Final[frozenset[str]] = frozenset(
    (
        *_FILES,
        *_AUDIT,
        *_GUARD,
        *_DEPLOY,
        *_UNDO,
        *(f"catalog/{name}/{side}-commit" for name in TRANSACTIONS for side in ("before", "after")),
        *(f"{MAIL}/{name}/{side}-commit" for name in MAIL_TRANSACTIONS for side in ("before", "after")),
    )
)
"""All failpoints of the program."""


class _Armed(msgspec.Struct):
    name: str
    hits_left: int


def registered() -> tuple[str, ...]:
    """Return the names of all failpoints, sorted."""
    return tuple(sorted(NAMES))


def parse(setting: str) -> tuple[str, int]:
    """Parse ``name`` or ``name:n``.

    Returns:
        The name and the pass, from 1, at which the process dies.

    Raises:
        UsageError: If the failpoint does not exist or ``n`` is not a positive number.
    """
    name, _, hit = setting.partition(":")
    if name not in NAMES or not (hit == "" or (hit.isdecimal() and int(hit) > 0)):
        raise UsageError(
            f"{VARIABLE}={setting!r} names no failpoint", remedy="use name or name:hit; see failpoint.NAMES"
        )
    return name, int(hit or 1)


def arm(setting: str) -> None:
    """Arm a failpoint from now on, in a process forked after this module was imported.

    Raises:
        UsageError: See :func:`parse`.
    """
    global _armed  # noqa: PLW0603 - one armed failpoint per process
    _armed = _Armed(*parse(setting))


def failpoint(name: str) -> None:
    """Kill the process here if this failpoint is armed and its pass is reached.

    Raises:
        LookupError: If the name is not in the table, since no crash campaign would test that failpoint.
    """
    if name not in NAMES:
        raise LookupError(f"{name!r} is not a declared failpoint")
    if _armed is None or _armed.name != name:
        return
    _armed.hits_left -= 1
    if _armed.hits_left == 0:
        import signal  # noqa: PLC0415 - late: only tests get here

        os.kill(os.getpid(), signal.SIGKILL)


_setting: Final = os.environ.get(VARIABLE, "")
_armed = _Armed(*parse(_setting)) if _setting else None
