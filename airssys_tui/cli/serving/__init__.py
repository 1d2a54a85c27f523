"""Services around a runtime: metrics, browser sessions, signals and the log."""
