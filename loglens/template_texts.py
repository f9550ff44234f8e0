r"""What a record says: its message, the error it names, and the top frames of a stack trace without line numbers."""

from __future__ import annotations

# Longer messages are cut: nobody reads on, and what is behind is no template.
_MOST = 4096

# Frames in the languages of ingest: Java, .NET and JavaScript; Python; Go; PHP; Ruby.
_FRAME = (
    r"(?m)^\s+at \S[^\n]*(?:\)|:\d)[^\n]*"
    r'|^\s*File "[^"\n]+", line \d+, in [^\n]+'
    r"|^[\w./*()]+\([^\n]*\)\n\s+\S+\.go:\d+"
    r"|^\s*#\d+ [^\n]+"
    r"|^\s*(?:from )?\S+\.rb:\d+:in [^\n]+"
)
# Line numbers, addresses, numbers of frames and of generated classes: other ones after the next build.
_NUMBERS = (
    r":\d+(?::\d+)?\b|\(\d+\)|[,:]? ?\bline \d+|^\s*#\d+|\([^()\n]*0x[^()\n]*\)|0x[0-9a-fA-F]+|\$\$Lambda[^.(]*|\s\+$"
    r"|(?:GeneratedMethodAccessor|\$Proxy|\$\$EnhancerBySpringCGLIB\$\$)\w+"
)
# An attribute that holds a stack trace, and the JSON text of it.
STACK = r'"(?:[\w.]*(?i:stack_?trace|stack|traceback)|@x|Exception|exc_info)"\s*:\s*("(?:[^"\\]|\\.)*")'
_TOP = 3

# Only of these records more is read than their message.
_IS_TELLING = (
    "(error_type IS NOT NULL OR error_message IS NOT NULL OR severity_number >= 13 OR contains(message, chr(10)))"
)
_PLACE = "source_id, line, ordinal, ts_ns, service, severity_number"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def texts_sql(records: str) -> str:
    """Return the query of `text` and `frames` (null, or some lines) of records, with their place, time and service.

    `records` follows FROM and has the columns of `logs` under that name.
    """
    return f"""
    SELECT {_PLACE}, left(coalesce(message, ''), {_MOST}) AS text, NULL::VARCHAR AS frames
    FROM {records}
    WHERE coalesce(NOT {_IS_TELLING}, true)
    UNION ALL
    SELECT
        {_PLACE},
        left(
            CASE
                WHEN told = '' OR contains(head, coalesce(error_message, error_type)) THEN head
                ELSE concat_ws(': ', nullif(head, ''), told)
            END,
            {_MOST}
        )                                                                   AS text,
        nullif(array_to_string([
            '  ' || trim(regexp_replace(regexp_replace(frame, {_quoted(_NUMBERS)}, '', 'g'), '\\s+', ' ', 'g'))
            FOR frame IN if(contains(trace, 'most recent call last'), list_reverse(found[-{_TOP}:]), found[:{_TOP}])
        ], chr(10)), '')                                                    AS frames
    FROM (
        SELECT
            *,
            coalesce(if(len(found) > 0, split_part(message, chr(10), 1), message), '') AS head,
            concat_ws(': ', error_type, split_part(error_message, chr(10), 1)) AS told
        FROM (
            SELECT
                *,
                regexp_extract_all(trace, {_quoted(_FRAME)})                AS found
            FROM (
                SELECT
                    {_PLACE}, message, error_type, error_message,
                    if(
                        contains(message, chr(10)),
                        message,
                        json_extract_string(nullif(regexp_extract(attributes, {_quoted(STACK)}, 1), ''), '$')
                    )                                                       AS trace
                FROM {records}
                WHERE {_IS_TELLING}
            )
        )
    )
    """  # noqa: S608
