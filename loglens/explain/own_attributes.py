"""What is known of single requests: the part of a statement that reads their attributes."""

from __future__ import annotations

# The expression `own`: names and values of the attributes of each request of `compared`, and of its resource.
OWN = r"""
    own AS MATERIALIZED (
        SELECT
            request                                                                         AS request,
            ['instance'] || coalesce(json_keys(spans.attributes), [])                       AS names,
            [spans.instance] || coalesce(json_extract_string(spans.attributes, '$.*'), [])  AS texts,
            spans.resource                                                                  AS resource
        FROM compared
        JOIN spans USING (source_id, line, ordinal)
        WHERE origin = 'span'
        UNION ALL
        SELECT
            request,
            ['instance', 'http.request.method', 'http.response.status_code', 'user.id', 'error.type', 'logger']
            || coalesce(json_keys(logs.attributes), []),
            [logs.instance, logs.http_method, logs.status_code::VARCHAR, logs.user_id, error_type, logger]
            || coalesce(json_extract_string(logs.attributes, '$.*'), []),
            logs.resource
        FROM compared
        JOIN logs USING (source_id, line, ordinal)
        WHERE origin = 'log'
    ),
"""
