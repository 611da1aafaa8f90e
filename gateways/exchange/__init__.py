"""Incidents to and from other centres: CAP 1.2 and EIDO-JSON."""
