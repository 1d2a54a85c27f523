"""Shared vocabulary: pure data and pure rules, without side effects and without third-party engines."""
