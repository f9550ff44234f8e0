"""Measurements of loglens and its peers: `python -m benchmarks`."""
