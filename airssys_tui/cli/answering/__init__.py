"""How commands answer: text, tables, JSON, colour and exit codes."""
