"""Geography: planes, tracks, places and roads; pure computation that knows nothing of dispatch."""
