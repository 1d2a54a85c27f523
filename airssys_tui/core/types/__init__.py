"""WIT types and values: interfaces, their text and JSON forms, comparison."""
