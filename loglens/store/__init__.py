"""The DuckDB file: its tables, its views, its ledger, and who may open it when."""
