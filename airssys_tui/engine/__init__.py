"""Wasmtime and nothing else: admit, compile, link, instantiate, call, meter."""
