"""Rollback to an earlier revision, and what happens to the state."""
