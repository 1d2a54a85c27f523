"""The WIT packages: ours as they are shipped, and folders of anybody's, checked, filled, shown and compared."""
