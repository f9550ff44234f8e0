-- A span id is in `spans`, and what may be one of a few words is a number to whoever writes ten million of them.
ALTER TABLE span_structure DROP COLUMN span_id;
ALTER TABLE span_structure ALTER COLUMN kind SET DATA TYPE ENUM (
    'SERVER', 'CLIENT', 'PRODUCER', 'CONSUMER', 'INTERNAL', 'UNSPECIFIED'
);
ALTER TABLE span_structure ALTER COLUMN parent_state SET DATA TYPE ENUM (
    'root', 'local', 'remote', 'attached', 'missing', 'cycle', 'too deep', 'duplicate', 'oversized'
);
