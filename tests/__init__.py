"""Tests of street110."""
