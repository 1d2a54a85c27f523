"""As much of an instance as an actor looks at."""

from __future__ import annotations


class Standing:
    """Serves, and runs nothing by itself."""

    revision = 1
    dead = False
    costs = None

    class manifest:  # noqa: N801
        class limits:  # noqa: N801
            mailbox = 1_000
