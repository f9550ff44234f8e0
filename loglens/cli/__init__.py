"""The command line: thin commands over `loglens.api`."""
