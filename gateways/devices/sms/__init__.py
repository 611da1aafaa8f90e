"""Text messages through a short message centre (SMPP 3.4): orders out, answers and calls in."""

from gateways.devices.sms.lines import decode_line

__all__ = ["decode_line"]
