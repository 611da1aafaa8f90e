"""JT/T 808 terminals, versions 2011, 2013 and 2019: vehicles, handhelds and their buttons."""

from gateways.devices.jt808.lines import decode_line

__all__ = ["decode_line"]
