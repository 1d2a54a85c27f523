"""How a command finds its folder, the runtime that serves it, and the recorded state."""
