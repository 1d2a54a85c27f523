"""Durable messages: written down before their sender goes on, and kept until they are handled."""
