"""The manifest, `Component.toml`: its document, sections and rules."""
