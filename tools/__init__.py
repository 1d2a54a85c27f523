"""What keeps the repository's own texts true; nothing here is part of the product."""
