"""The audit: an append-only log of which each entry names the one before by its hash, in files of JSON lines."""
