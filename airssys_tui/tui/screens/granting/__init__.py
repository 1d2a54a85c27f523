"""Permissions on the screen: what components ask for, and what one of them may do."""
