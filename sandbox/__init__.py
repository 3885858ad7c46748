"""Stand-ins of the outside world on loopback, written from the platforms' rules alone."""
