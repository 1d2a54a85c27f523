"""The interfaces with which components send one another messages."""
