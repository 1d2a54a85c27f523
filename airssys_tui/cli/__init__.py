"""The command line: every action of the screens, scriptable; the only place that joins a front end to a runtime."""
