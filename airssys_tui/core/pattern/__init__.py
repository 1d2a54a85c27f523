"""Patterns: path globs, names, hosts and topics, as manifests and grants write them. Pure and bounded."""
