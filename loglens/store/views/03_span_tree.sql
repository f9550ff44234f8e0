-- Service and operation. Where the operation is a bare HTTP method or Redis command, what it calls says which.
CREATE OR REPLACE TEMP MACRO component_of(service, operation, peer) AS (
    concat_ws(':', service, concat_ws(' ', operation, if(regexp_full_match(operation, '[A-Z]+'), peer, NULL)))
);

-- Nodes with what is stored once for many of them.
CREATE OR REPLACE TEMP VIEW span_structure AS
SELECT
    span_nodes.* EXCLUDE (class_id),
    span_classes.* EXCLUDE (class_id),
    span_traces.* EXCLUDE (root)
FROM span_nodes
JOIN span_classes USING (class_id)
JOIN span_traces USING (root);

-- Spans in their traces, with what `loglens derive` found out about them.
CREATE OR REPLACE TEMP VIEW span_tree AS
SELECT
    node                                      AS node,
    parent                                    AS parent,
    root                                      AS root,
    invocation                                AS invocation,
    path                                      AS path,
    trace_id                                  AS trace_id,
    source_id                                 AS source_id,
    line                                      AS line,
    ordinal                                   AS ordinal,
    service                                   AS service,
    instance                                  AS instance,
    operation                                 AS operation,
    component_of(service, operation, peer)    AS component,
    kind                                      AS kind,
    is_entry                                  AS is_entry,
    -- As `is_entry` of spans says: what a service answered, or the whole of a job.
    kind IN ('SERVER', 'CONSUMER')
    OR (kind IN ('INTERNAL', 'UNSPECIFIED') AND parent_state = 'root') AS is_request,
    start_ns                                  AS start_ns,
    duration_ns                               AS duration_ns,
    is_error                                  AS is_error,
    peer                                      AS peer,
    depth                                     AS depth,
    is_async                                  AS is_async,
    skew_ns                                   AS skew_ns,
    begin_ns                                  AS begin_ns,
    finish_ns                                 AS finish_ns,
    self_ns                                   AS self_ns,
    path_ns                                   AS path_ns,
    CASE WHEN path = root THEN path_ns END    AS critical_ns,
    parent_state                              AS parent_state,
    shape_id                                  AS shape_id,
    params_id                                 AS params_id,
    calls                                     AS calls,
    items                                     AS items,
    returned_rows                             AS returned_rows
FROM span_structure;
