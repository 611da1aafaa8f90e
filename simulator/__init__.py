"""Virtual districts: devices that use the same public doors as real ones."""
