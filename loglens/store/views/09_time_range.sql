-- The time of the data up to a time, in buckets: the first begins at a whole multiple of their length. A record with a
-- wrong clock lies far from the others: where a week has none, only the fuller side is taken.
CREATE OR REPLACE TEMP MACRO time_range(until_ns) AS TABLE
WITH times AS (
    SELECT start_ns AS at_ns FROM spans WHERE is_entry AND start_ns < until_ns
    UNION ALL
    SELECT ts_ns FROM logs WHERE ts_ns < until_ns
    UNION ALL
    -- When the request of an access record began.
    SELECT try(ts_ns - greatest(duration_ns, 0)) AS begun_ns FROM access_records WHERE begun_ns < until_ns
),
days AS (
    SELECT
        at_ns // 86400000000000                     AS day,
        count(*)                                    AS number,
        min(at_ns)                                  AS first_ns,
        max(at_ns)                                  AS last_ns
    FROM times
    GROUP BY day
),
apart AS (
    SELECT *, coalesce(day - lag(day) OVER (ORDER BY day) > 7, false)::INTEGER AS is_far FROM days
),
islands AS (
    SELECT *, sum(is_far) OVER (ORDER BY day ROWS UNBOUNDED PRECEDING) AS island FROM apart
),
longest AS (
    SELECT min(first_ns) AS first_ns, max(last_ns) AS last_ns
    FROM islands
    GROUP BY island
    ORDER BY sum(number) DESC, last_ns DESC
    LIMIT 1
),
measured AS (
    SELECT
        *,
        CASE
            WHEN last_ns - first_ns < 21600000000000 THEN 10000000000
            WHEN last_ns - first_ns <= 5184000000000000 THEN 60000000000
            ELSE 300000000000
        END                                         AS width_ns
    FROM longest
)
SELECT
    first_ns - first_ns % width_ns                  AS first_ns,
    last_ns                                         AS last_ns,
    width_ns                                        AS width_ns
FROM measured;

-- What happened to one key in one of these buckets; of nothing but errors, the traffic is null.
CREATE OR REPLACE TEMP MACRO point_of_series(bucket, traffic, errors) AS (
    {'bucket': bucket, 'traffic': coalesce(traffic, 0)::BIGINT, 'errors': errors::BIGINT}
);
