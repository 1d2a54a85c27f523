"""The drafts of WASI that are offered, called by real components."""
