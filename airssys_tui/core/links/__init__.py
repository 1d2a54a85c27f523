"""Links: which component provides what another one imports."""
