"""The parts of a component's control state, each with one module that writes it."""
