"""Real servers for tests: fetched once, started on a free port of this machine, stopped by their process."""
