"""The console: the live page, its data, health and metrics over HTTP on one port."""
