"""The control socket: one process serves the api to screens and commands in others."""
