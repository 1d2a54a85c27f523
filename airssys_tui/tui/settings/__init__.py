"""What an operator prefers, where it is kept, and how it is set."""
