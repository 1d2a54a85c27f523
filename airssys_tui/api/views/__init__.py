"""What a front end sees: immutable views, by subject."""
