"""Programs of the machine: found, started outside the runtime, told, read, and ended with everything they started."""
