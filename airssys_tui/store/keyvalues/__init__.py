"""Keys and values of components: storage, and a candidate's overlay on it."""
