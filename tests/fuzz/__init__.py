"""Fuzzing of admission: real components, damaged, through every gate that reads bytes. ``python -m tests.fuzz``."""
