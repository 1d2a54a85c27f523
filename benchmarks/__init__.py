"""What the program costs: each figure beside its baseline, measured in the same run. ``python -m benchmarks``."""
