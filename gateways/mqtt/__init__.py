"""The MQTT door: bytes on topics become commands and fixes, letters become bytes on topics."""
