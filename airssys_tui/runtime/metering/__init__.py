"""What components use: fuel, memory, processor time, calls and their history."""
