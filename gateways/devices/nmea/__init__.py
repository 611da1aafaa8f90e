"""NMEA 0183 sentences of radio gateways and trackers: positions, nothing else."""

from gateways.devices.nmea.lines import decode_line

__all__ = ["decode_line"]
