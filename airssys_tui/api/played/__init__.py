"""The demonstration runtime: it answers the whole api without running any component."""
