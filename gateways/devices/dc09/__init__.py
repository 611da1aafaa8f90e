"""Alarm panels that speak ANSI/SIA DC-09: SIA-DCS and ADM-CID, plain and encrypted."""

from gateways.devices.dc09.lines import decode_line

__all__ = ["decode_line"]
