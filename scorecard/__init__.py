"""How well the detectors find what was planted, and keep silent about what only looks like it."""
