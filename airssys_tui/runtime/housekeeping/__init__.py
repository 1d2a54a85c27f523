"""What keeps a state directory bounded: retention and disk space."""
