"""Exercises of every action of the screens."""
