"""Supervision: restarts, health, probation."""
