"""Going back to an earlier revision, and what becomes of the state."""
