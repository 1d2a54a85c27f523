"""Actors: an instance behind a mailbox, and the contract it is spoken to by."""
