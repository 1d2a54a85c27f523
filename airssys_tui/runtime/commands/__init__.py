"""The operator's commands: how each is carried out, described in events, and undone."""
