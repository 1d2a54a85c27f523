"""The disk itself: databases, durable writes, failpoints, faults and free space."""
