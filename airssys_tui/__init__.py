"""AirsSys TUI: run a folder of WebAssembly components from the terminal."""

__version__ = "0.1.0"
