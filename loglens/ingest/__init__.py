"""From files to rows: formats, exactly-once reading, and the books that prove it."""
