"""The contract of the api, and benches that hold runtimes to it."""
