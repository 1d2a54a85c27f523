"""Where components come from: the watched folder and its settled changes."""
