"""The sample components and the WIT packages, across the real boundary."""
