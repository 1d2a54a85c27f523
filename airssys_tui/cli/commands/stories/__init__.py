"""The commands that tell what happened to a component, and what would happen."""
