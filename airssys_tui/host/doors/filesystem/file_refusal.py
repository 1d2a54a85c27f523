"""The error with which the door to files refuses an operation."""

from __future__ import annotations

from airssys_tui.core.errors import AirssysError


class FileRefusal(AirssysError):
    """An operation on files was refused, or failed: a case of ``file-error`` and the reason, one sentence."""

    title = "files"

    def __init__(self, case: str, message: str) -> None:
        super().__init__(message)
        self.case = case
