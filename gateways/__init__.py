"""Edges: where bytes come in and go out; they translate and hold no rules."""
