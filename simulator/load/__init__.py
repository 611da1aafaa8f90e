"""Load on a running engine: many devices over MQTT, by the clock, measured at the device."""
