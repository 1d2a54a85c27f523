"""As much of an instance as an actor looks at."""

from __future__ import annotations

from airssys_tui.core.message import Overflow
from airssys_tui.core.revision import Tier


class Standing:
    """Serves, and runs nothing by itself; whatever is run on it ends in time."""

    revision = 1
    dead = False
    costs = None
    tier = Tier.OPTIMISED

    class manifest:  # noqa: N801
        class limits:  # noqa: N801
            mailbox = 1_000

        overflow = Overflow.REJECT

    def first_work(self) -> None:
        """Have nothing to do first."""

    def hurry(self, _hurried: bool) -> None:
        """Wait for nobody, ever."""

    def ends_within(self, _timeout: float | None) -> bool:
        """Return True."""
        return True
