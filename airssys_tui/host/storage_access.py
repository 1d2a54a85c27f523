"""What the interfaces to a component's own storage share: who may use it, and how its failures are told to a guest."""

from __future__ import annotations

from typing import Final

import msgspec

from airssys_tui.core.capability.grant import Denial
from airssys_tui.core.capability.permission import Access, Kind
from airssys_tui.core.errors import StorageRefusal, StoreError
from airssys_tui.core.manifest.capabilities import StorageAccess
from airssys_tui.host.guard import Guard
from airssys_tui.host.tenant import Tenant

READ: Final = Access(Kind.STORAGE, StorageAccess.READ.value)
WRITE: Final = Access(Kind.STORAGE, StorageAccess.READ_WRITE.value)

READ_WRITE: Final = StorageAccess.READ_WRITE
"""Looking up a member of an enum takes longer than comparing it."""


class StorageFailure(msgspec.Struct, frozen=True):
    """Why an operation on the storage failed, for the guest.

    Attributes:
        case: A case of ``storage-error``.
        text: The reason, one sentence, which names no file of the operator.
    """

    case: str
    text: str


def read_denial(guard: Guard) -> Denial | None:
    """Decide whether the storage may be read now; see :meth:`Guard.require`."""
    return guard.require(READ) if guard.open_storage is None else None


def write_denial(guard: Guard) -> Denial | None:
    """Decide whether the storage may be changed now; see :meth:`Guard.require`."""
    return guard.require(WRITE) if guard.open_storage is not READ_WRITE else None


def storage_failure(tenant: Tenant, error: StorageRefusal | StoreError) -> StorageFailure:
    """Return what a guest is told about an error of its storage; the operator is told about the disk."""
    if isinstance(error, StorageRefusal):
        return StorageFailure(error.case, error.message)
    # The text names files of the operator, so it goes to the log; the guest gets only the title.
    tenant.trouble(f"storage: {error.message}")
    return StorageFailure("unavailable" if error.retryable else "failed", f"the storage failed: {error.title}")
