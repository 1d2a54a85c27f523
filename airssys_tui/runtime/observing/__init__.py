"""What front ends see: snapshots and details, made from the running system."""
