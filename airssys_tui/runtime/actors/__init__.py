"""Actors: an instance behind a mailbox, and the contract through which the host calls it."""
