"""The demonstration runtime: a played one that answers the whole api without running anything."""
