"""OsmAnd and Traccar client phones over HTTP: positions and calls for help."""

from gateways.devices.osmand.lines import decode_line

__all__ = ["decode_line"]
