"""Calls and host functions on the ways that :mod:`airssys_tui.engine.raw_lift` adds to a component.

Bytes are copied into the guest's memory and read from it by the canonical ABI, instead of crossing as the engine's own
values.
"""
