"""TAK clients (ATAK, WinTAK, iTAK): positions and 911 alerts in, orders as chat."""

from gateways.devices.tak.codec import decode_line

__all__ = ["decode_line"]
