"""The door to files by descriptors: what is open, and paths below an open directory that cannot lead out of it."""
