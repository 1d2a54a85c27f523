"""Questions and pages that cover a screen until they are answered."""
