"""The tables of a statement that say what changed near the onset of each burst."""

from __future__ import annotations

# Needs `bursts`, and gives `related`: a row a burst and change, with its service, what it is, its text and its time.
MARKERS = """    -- What changed from ten minutes before the onset until a minute after it.
    onsets AS (
        SELECT burst, service, low_ns - 600000000000 AS since_ns, high_ns + 60000000000 AS until_ns FROM bursts
    ),
    resources AS (
        SELECT service, resource, min(start_ns) AS first_ns, max(start_ns) AS last_ns
        FROM spans
        WHERE EXISTS (FROM bursts)
        GROUP BY service, resource
        UNION ALL
        SELECT service, resource, min(ts_ns), max(ts_ns)
        FROM logs
        WHERE EXISTS (FROM bursts)
        GROUP BY service, resource
    ),
    versions AS (
        SELECT
            service                                                     AS service,
            json_extract_string(resource, '$."service.version"')        AS version,
            min(first_ns)                                               AS first_ns,
            max(last_ns)                                                AS last_ns
        FROM resources
        WHERE version IS NOT NULL
        GROUP BY service, version
    ),
    marks AS (
        SELECT template_id, is_start(template) AS is_start
        FROM log_templates
        WHERE
            EXISTS (FROM bursts)
            AND (is_start(template) OR is_change(template))
    ),
    marked AS MATERIALIZED (
        SELECT records.*, is_start
        FROM log_record_templates AS records
        JOIN marks USING (template_id)
        WHERE coalesce(severity_number, 9) < 17
    ),
    -- What a service notes as often at other times marks no change: before, or after where too little is before.
    noted AS MATERIALIZED (
        SELECT
            onsets.burst                                                AS burst,
            marked.service                                              AS service,
            marked.template_id                                          AS template_id,
            any_value(is_start)                                         AS is_start,
            any_value(since_ns)                                         AS since_ns,
            any_value(until_ns)                                         AS until_ns,
            count(*) FILTER (WHERE ts_ns BETWEEN since_ns AND until_ns) AS near,
            count(*) FILTER (WHERE ts_ns < since_ns)                    AS before,
            count(*) FILTER (WHERE ts_ns > until_ns)                    AS after,
            any_value((since_ns - begun_ns) / (until_ns - since_ns))    AS windows_before,
            any_value((ended_ns - until_ns) / (until_ns - since_ns))    AS windows_after
        FROM marked
        CROSS JOIN onsets
        CROSS JOIN (SELECT min(ts_ns) AS begun_ns, max(ts_ns) AS ended_ns FROM log_record_templates) AS seen
        GROUP BY burst, marked.service, marked.template_id
        HAVING
            near > 0
            AND near >= 3 * if(
                windows_before >= 1,
                before / windows_before,
                (before + after) / greatest(windows_before + windows_after, 1)
            )
    ),
    seldom AS (
        SELECT
            noted.burst                                                 AS burst,
            noted.service                                               AS service,
            if(noted.is_start, 'restart', 'event')                      AS what,
            first_line(message)                                         AS text,
            logs.ts_ns                                                  AS at_ns
        FROM noted
        JOIN marked
            ON noted.template_id = marked.template_id
            AND noted.service IS NOT DISTINCT FROM marked.service
            AND marked.ts_ns BETWEEN since_ns AND until_ns
        JOIN logs USING (source_id, line, ordinal)
    ),
    changes AS (
        SELECT
            onsets.burst                                                AS burst,
            renewed.service                                             AS service,
            'version'                                                   AS what,
            renewed.before || ' -> ' || renewed.version                 AS text,
            renewed.first_ns                                            AS at_ns
        FROM (
            SELECT
                *,
                lag(version) OVER (PARTITION BY service ORDER BY first_ns, version) AS before,
                (
                    SELECT count(*)
                    FROM versions AS others
                    WHERE
                        others.service IS NOT DISTINCT FROM versions.service
                        AND others.first_ns < versions.first_ns
                        AND others.last_ns > versions.first_ns
                ) AS at_once
            FROM versions
        ) AS renewed
        JOIN onsets ON renewed.first_ns >= onsets.since_ns AND renewed.first_ns <= onsets.until_ns
        WHERE
            renewed.before IS NOT NULL
            -- Where several versions run side by side, one more that is seen first is no new one.
            AND at_once <= 1
        UNION ALL
        SELECT burst, service, what, text, min(at_ns)
        FROM seldom
        GROUP BY ALL
    ),
    placed AS (
        SELECT DISTINCT service FROM span_tree WHERE EXISTS (FROM bursts)
    ),
    neighbours AS MATERIALIZED (
        SELECT DISTINCT entries.service AS callee, upper.service AS caller
        FROM span_tree AS entries
        JOIN span_tree AS upper ON entries.parent = upper.node
        WHERE
            EXISTS (FROM bursts)
            AND entries.is_entry
            AND entries.service <> upper.service
    ),
    -- What has requests, but none that the service of the burst made or answered, has nothing to do with it.
    related AS (
        SELECT changes.*
        FROM changes
        JOIN bursts USING (burst)
        WHERE
            changes.service IS NOT DISTINCT FROM bursts.service
            OR bursts.service IS NULL
            OR coalesce(changes.service, '') NOT IN (SELECT coalesce(service, '') FROM placed)
            OR bursts.service NOT IN (SELECT coalesce(service, '') FROM placed)
            OR EXISTS (
                FROM neighbours
                WHERE
                    (caller = bursts.service AND callee = changes.service)
                    OR (callee = bursts.service AND caller = changes.service)
            )
    )"""
