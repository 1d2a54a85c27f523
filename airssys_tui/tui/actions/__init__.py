"""The operator's actions on screen: one table behind keys, palette, help and docs."""
