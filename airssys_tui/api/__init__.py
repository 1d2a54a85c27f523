"""What a front end may ask of a runtime and what it sees: the protocol, commands and immutable views."""
