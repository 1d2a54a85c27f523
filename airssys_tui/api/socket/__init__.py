"""The control socket: how one process serves the api to others, and how they reach it."""
