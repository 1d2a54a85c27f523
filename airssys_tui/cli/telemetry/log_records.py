"""Events of a runtime, and what its components log, as log records of OpenTelemetry."""

from __future__ import annotations

from typing import Final

from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.sdk._logs import ReadableLogRecord
from opentelemetry.sdk.resources import Resource

from airssys_tui.cli.telemetry.span_records import SCOPE
from airssys_tui.core.events import Event, Level
from airssys_tui.core.text import whole

SEVERITIES: Final = {
    Level.DEBUG: SeverityNumber.DEBUG,
    Level.INFO: SeverityNumber.INFO,
    Level.WARNING: SeverityNumber.WARN,
    Level.ERROR: SeverityNumber.ERROR,
}


def log_record(event: Event, resource: Resource) -> ReadableLogRecord:
    """Return an event as a log record; its text has nothing in it that would act on a terminal."""
    attributes: dict[str, str | int | None] = {
        "airssys.kind": event.kind.value,
        "airssys.action": event.action.value,
        "airssys.component": event.component,
        "airssys.revision": event.revision,
        "airssys.speaker": event.speaker.value,
    }
    at = int(event.at * 1e9)
    record = LogRecord(
        timestamp=at,
        observed_timestamp=at,
        severity_number=SEVERITIES[event.level],
        severity_text=event.level.value.upper(),
        body=whole(event.text),
        attributes={name: value for name, value in attributes.items() if value},
    )
    return ReadableLogRecord(record, resource, SCOPE)
