"""The whole program is killed, at each of its failpoints and at any moment; the next start must make good of it."""
