"""The error of the door to programs."""

from __future__ import annotations

from airssys_tui.core.errors import AirssysError


class ProgramRefusal(AirssysError):
    """The door to programs refused an operation, or it failed: a case of ``process-error`` and the reason."""

    title = "programs"

    def __init__(self, case: str, message: str) -> None:
        super().__init__(message)
        self.case = case
