"""The operator's preferences: their values, their file, and how they take effect."""
