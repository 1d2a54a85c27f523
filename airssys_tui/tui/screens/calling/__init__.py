"""The screen on which components are called by hand: its panes, its form, and what it asks of the runtime."""
