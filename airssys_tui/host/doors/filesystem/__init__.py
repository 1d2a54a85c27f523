"""The door to files: paths are resolved by directory descriptors, and every step of a link is asked for anew."""
