-- The value of the first attribute of such a name. A quote inside a value is escaped, so that only a name can match.
CREATE OR REPLACE TEMP MACRO attribute_like(attributes, names) AS (
    nullif(regexp_extract(attributes, '"(?:' || names || ')"\s*:\s*"?([^",}\]]+)', 1), '')
);
CREATE OR REPLACE TEMP MACRO tenant_of(attributes) AS (
    attribute_like(attributes, '(?i:(?:app\.)?(?:tenant|customer|org|organization|organisation|account|workspace)(?:[._-]?(?:id|name))?)')
);
CREATE OR REPLACE TEMP MACRO session_of(attributes) AS (
    attribute_like(attributes, '(?i:(?:app\.)?session[._-]?(?:id)?)')
);
CREATE OR REPLACE TEMP MACRO address_of(attributes) AS (
    attribute_like(attributes, '(?i:client\.address|http\.client_ip|client[._-]?ip|remote[._-]?(?:addr|address|ip)|x[._-]forwarded[._-]for)')
);
CREATE OR REPLACE TEMP MACRO browser_of(attributes) AS (
    attribute_like(attributes, '(?i:user_agent\.original|http\.user_agent|user[._-]?agent)')
);

-- What a request tells beside its columns. Tenants are looked for in it, and not in request_identities, where only some
-- requests are asked about: there the attributes of every request would be searched first.
CREATE OR REPLACE TEMP VIEW request_attributes AS
SELECT
    'span'                                                           AS origin,
    source_id                                                        AS source_id,
    line                                                             AS line,
    ordinal                                                          AS ordinal,
    user_id                                                          AS user_id,
    attributes                                                       AS attributes
FROM spans
WHERE is_entry
UNION ALL
SELECT
    'log'                                                            AS origin,
    source_id                                                        AS source_id,
    line                                                             AS line,
    ordinal                                                          AS ordinal,
    user_id                                                          AS user_id,
    attributes                                                       AS attributes
FROM access_records;

-- Who made a request: the user, else the session, else the address with the browser; null where nothing tells.
CREATE OR REPLACE TEMP VIEW request_identities AS
WITH named AS (
    SELECT
        *,
        if(user_id IS NULL, session_of(attributes), NULL)            AS session_id,
        if(user_id IS NULL, address_of(attributes), NULL)            AS address
    FROM request_attributes
)
SELECT
    origin                                                           AS origin,
    source_id                                                        AS source_id,
    line                                                             AS line,
    ordinal                                                          AS ordinal,
    CASE
        WHEN user_id IS NOT NULL THEN 'user'
        WHEN session_id IS NOT NULL THEN 'session'
        WHEN address IS NOT NULL THEN 'address'
    END                                                              AS kind,
    CASE
        WHEN user_id IS NOT NULL THEN user_id
        WHEN session_id IS NOT NULL THEN session_id
        WHEN address IS NOT NULL THEN concat_ws(' ', address, browser_of(attributes))
    END                                                              AS who,
    tenant_of(attributes)                                            AS tenant
FROM named;
