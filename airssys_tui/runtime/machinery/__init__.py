"""The machinery of a runtime: threads, clocks, shared code and services."""
