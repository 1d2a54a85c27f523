"""Guests of WASI for tests."""
