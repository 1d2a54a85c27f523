"""Whether a run sends its telemetry to an OpenTelemetry collector; nothing of that is loaded where it does not."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

from airssys_tui.core.errors import UsageError

ENDPOINT: Final = "OTEL_EXPORTER_OTLP_ENDPOINT"
"""The variable that names a collector for every signal."""


def is_wanted(option: str | None, environment: Mapping[str, str] | None = None) -> bool:
    """Return whether telemetry is to be sent: by the option, or by the variables of OpenTelemetry.

    Args:
        option: The value of ``--otlp``, if it was given.
        environment: The environment; if None, that of this process.

    Raises:
        UsageError: The option is not the URL of a collector.
    """
    found = os.environ if environment is None else environment
    if option is not None:
        parts = None
        with contextlib.suppress(ValueError):
            parts = urlsplit(option)
        if parts is None or parts.scheme not in {"http", "https"} or not parts.hostname:
            raise UsageError(f"--otlp {option!r} is not the URL of a collector", remedy="write http://127.0.0.1:4318")
        return True
    disabled = found.get("OTEL_SDK_DISABLED", "").strip().lower() == "true"
    return not disabled and bool(found.get(ENDPOINT))
