"""The work of each comparison as a practised hand would write it with another engine, one process each."""
