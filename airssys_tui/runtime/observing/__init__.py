"""Snapshots and details of the running system, for front ends."""
