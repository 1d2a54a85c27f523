"""What an operator can do on screen: one table behind keys, palette, help and docs."""
