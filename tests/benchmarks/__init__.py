"""The benchmarks run; what they measure is for people to judge."""
