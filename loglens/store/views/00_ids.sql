-- The hash of an id, null for none. DuckDB's own is one for many ids that are made of counters: what differs only in the
-- last bytes of its words of eight is lost there, and not where the words begin four bytes later.
CREATE OR REPLACE TEMP MACRO id_hash(id) AS (
    if(id IS NULL, NULL, hash(id, substr(id, 5)))
);
