"""How a command finds its folder, the runtime that serves it, and what was recorded."""
