"""Decisions: pure, deterministic, told the time and the place of everything."""
