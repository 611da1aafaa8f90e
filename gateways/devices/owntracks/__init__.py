"""OwnTracks phones over MQTT and HTTP: positions, plain or encrypted."""

from gateways.devices.owntracks.lines import decode_line

__all__ = ["decode_line"]
