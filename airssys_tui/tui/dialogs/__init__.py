"""Questions and pages that stand over a screen until they are answered."""
