"""What needs no running system: checking a component and calling it once."""
