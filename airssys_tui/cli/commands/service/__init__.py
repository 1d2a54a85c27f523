"""Running without a screen, and what a service manager needs for it."""
