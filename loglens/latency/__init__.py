"""Latency: when the distribution of how long a route takes changed, and by how much."""
