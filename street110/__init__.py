"""The composition root: wires geography, decisions and edges into one command line."""
