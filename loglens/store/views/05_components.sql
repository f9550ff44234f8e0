-- What a span spends its time on: the kind of thing it calls, or the code of its service.
CREATE OR REPLACE TEMP MACRO component_kind(kind, db_system, messaging_system, gen_ai_model) AS (
    CASE
        WHEN regexp_full_match(db_system, 'redis|valkey|keydb|dragonfly|memcached') THEN 'cache'
        WHEN db_system IS NOT NULL THEN 'db'
        WHEN messaging_system IS NOT NULL OR kind = 'PRODUCER' OR kind = 'CONSUMER' THEN 'queue'
        WHEN gen_ai_model IS NOT NULL AND kind = 'CLIENT' THEN 'llm'
        WHEN kind = 'CLIENT' THEN 'http'
        ELSE 'self'
    END
);
CREATE OR REPLACE TEMP MACRO first_line(message) AS (
    left(regexp_replace(trim(message), '\s*\n.*', '', 's'), 200)
);
-- What went wrong, in one line: the type and the message, or what there is.
CREATE OR REPLACE TEMP MACRO error_text(error_type, error_message, status_code) AS (
    coalesce(
        CASE
            WHEN contains(error_message, error_type) THEN first_line(error_message)
            ELSE nullif(concat_ws(': ', error_type, first_line(error_message)), '')
        END,
        'status ' || status_code,
        'no error is named'
    )
);
