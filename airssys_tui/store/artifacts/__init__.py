"""Artifacts and compiled code, by digest."""
