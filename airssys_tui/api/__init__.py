"""The API between a front end and a runtime: the protocol, the commands and the immutable views."""
