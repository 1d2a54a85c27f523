"""Data that host interfaces keep for components between calls."""
