-- A record without a time lies in no range, and belongs to every answer that has none.
CREATE OR REPLACE TEMP MACRO in_scope(time_ns, since_ns, until_ns) AS (
    (time_ns >= since_ns AND time_ns < until_ns)
    OR (time_ns IS NULL AND since_ns = -9223372036854775808 AND until_ns = 9223372036854775807)
);
