"""HTTP: hooks of the channels, the API and the service's own endpoints."""
