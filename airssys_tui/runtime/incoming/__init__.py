"""Requests that come in over HTTP: which component answers each, and how it gets to the component and back."""
