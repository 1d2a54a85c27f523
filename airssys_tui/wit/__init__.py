"""WIT packages, shipped or from any folder: checking, vendoring, showing and comparing."""
