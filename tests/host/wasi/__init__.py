"""The frame of WASI and its faces, called by real components."""
