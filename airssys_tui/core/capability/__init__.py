"""Capabilities: what a component may reach, as values, and the rules that decide it. Pure; the guard applies them."""
