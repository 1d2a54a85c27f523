"""The wasmtime layer: admit, compile, link, instantiate, call and meter components."""
