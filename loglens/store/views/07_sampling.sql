-- How many spans one that was kept stands for: by the thresholds and powers of W3C trace state, or the rates and
-- probabilities that vendors write.
CREATE OR REPLACE TEMP MACRO sampling_threshold(extra) AS (
    ('0x' || nullif(rpad(regexp_extract(extra, '\bth:([0-9a-f]{1,14})', 1), 14, '0'), repeat('0', 14)))::BIGINT
    / 72057594037927936
);
CREATE OR REPLACE TEMP MACRO sampling_rate(attributes) AS (
    try_cast(
        nullif(
            regexp_extract(
                attributes,
                '"(?:_?[sS]ample_?[rR]ate|sampling\.rate|sampling\.probability|_dd\.agent_psr)"\s*:\s*"?([0-9.]+)',
                1
            ),
            ''
        ) AS DOUBLE
    )
);
CREATE OR REPLACE TEMP MACRO span_weight(extra, attributes) AS (
    coalesce(
        1 / nullif(1 - sampling_threshold(extra), 0),
        pow(2, nullif(regexp_extract(extra, '\bp:([0-9]{1,2})\b', 1), '')::INTEGER),
        if(sampling_rate(attributes) > 1, sampling_rate(attributes), 1 / nullif(sampling_rate(attributes), 0))
    )
);
