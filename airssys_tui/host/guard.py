"""The guard, as doors see it: it decides every access of one instance, counts it and has it audited."""

from __future__ import annotations

from typing import Protocol

from airssys_tui.core.capability.grant import Denial, Grant
from airssys_tui.core.capability.permission import Access, Permission
from airssys_tui.core.manifest.capabilities import StorageAccess


class Guard(Protocol):
    """Decides what one instance may do. Called on worker threads; never blocks on another component.

    Attributes:
        open_storage: What it has been allowed to do with its own storage, for as long as nothing changes: set by
            :meth:`require`, and None again as soon as any answer changes. Storage is so fast that a decision at each
            call would be seen.
    """

    open_storage: StorageAccess | None

    def require(self, access: Access) -> Denial | None:
        """Decide one access, immediately before its effect.

        A denial is counted, audited and shown to the operator; repeated ones are coalesced. A grant for one access is
        used up, durably, before this returns. In the mode ``observe`` a denial is recorded and None is returned.

        Returns:
            None if it is allowed now, else the denial, whose ``text`` goes into the error for the guest.
        """
        ...

    def await_answer(self, access: Access) -> int:
        """Wait for the operator's answer about an access that is declared and not granted, if the component asked to.

        A door calls it before it decides, looks up or opens anything for the access, since the world may be another one
        afterwards; it counts, audits and uses up nothing, and whatever the answer was, :meth:`require` decides. It
        returns at once for what is allowed already, or may not be waited for.

        Returns:
            Nanoseconds that it waited; 0 if it did not wait.

        Raises:
            CallEnd: If the call is to end meanwhile.
        """
        ...

    def again(self, access: Access) -> Denial | None:
        """Decide about something that this instance opened by an access and still uses, at each later call on it.

        As :meth:`require`, except that a grant for one access that was used up by the opening counts until it is
        revoked or expires; no other one is used up.

        Args:
            access: Equal to the access that :meth:`require` allowed.
        """
        ...

    def deny(self, denial: Denial) -> str:
        """Count and audit a denial that a door found for itself, such as a quota; return its text for the guest."""
        ...

    def look(self, access: Access | Permission) -> Denial | None:
        """Decide one access, or all that a permission covers, without counting, auditing or using up anything."""
        ...

    def in_force(self) -> tuple[Grant, ...]:
        """Return everything that is declared and granted now, in the order of the manifest; at most 256."""
        ...

    def ask(self, permission: Permission, rationale: str) -> Denial | None:
        """Ask the operator for something that is declared and not granted; never waits.

        Returns:
            None if it is granted already, else the denial that holds now; its reason is ``capacity`` if 8 questions of
            the component are open.
        """
        ...
