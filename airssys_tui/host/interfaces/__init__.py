"""Interfaces that a component may call: one module per WIT interface."""
