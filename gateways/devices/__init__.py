"""Real devices as they are: each protocol is read into `heard`, and written from letters."""
