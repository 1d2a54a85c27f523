"""From a changed file to a serving revision: the gates, the swap, the journal."""
