"""Traces, metrics and logs for OpenTelemetry; loaded only where that is configured."""
