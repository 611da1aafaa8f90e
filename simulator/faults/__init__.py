"""Deterministic simulation of the whole line under faults: time and order belong to a seed."""
