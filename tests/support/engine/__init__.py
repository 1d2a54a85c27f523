"""Guests and types for tests of the engine."""
