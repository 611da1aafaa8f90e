"""Yardsticks: what theory says exactly, to hold the simulator against."""
