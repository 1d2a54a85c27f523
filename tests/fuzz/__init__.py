"""Fuzzing: damaged components through every gate that reads bytes, and random modules through both tiers of code.

``python -m tests.fuzz``.
"""
