"""A power cut, replayed: what was written and not synced is lost, or only half there."""
