"""One component of the running system: its record, its route, its state."""
