"""The commands about messages between components."""
