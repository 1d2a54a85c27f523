"""What host interfaces keep for components between calls."""
