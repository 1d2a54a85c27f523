"""The screens, and what they share."""
