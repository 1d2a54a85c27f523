"""Calls made by hand: arguments, open handles, saved calls."""
