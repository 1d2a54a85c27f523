"""Commands sent from the screen: one at a time, in bulk, and their outcome."""
