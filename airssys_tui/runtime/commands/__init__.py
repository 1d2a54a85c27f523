"""What operators order: every command, its words, and its undo."""
