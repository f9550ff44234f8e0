"""Volume: when far more log records were written than usual, of any level, and which template floods."""
