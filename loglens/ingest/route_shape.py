"""Route templates for paths that come without one, as a SQL expression."""

from __future__ import annotations

from loglens.ingest.sql_text import bound

# A path can hold an id only where a segment begins with a digit or has one beside enough other characters; `/v1/`
# has not, so that the usual API path is decided by one pass of one expression.
_WORTH_A_LOOK = (
    r"[?#]|://|(?:^|[/_])[0-9]|[0-9][^/]*[0-9]"
    r"|[0-9][^/]{4}|[^/][0-9][^/]{3}|[^/]{2}[0-9][^/]{2}|[^/]{3}[0-9][^/]|[^/]{4}[0-9]"
    r"|-[A-Fa-f]{4}-"
)
_ORIGIN = r"^[A-Za-z][A-Za-z0-9+.-]*://[^/?#]*"
_FRAGMENT = r"#[\s\S]*$"
_ENDING = r"(?:\.[A-Za-z][A-Za-z0-9]{0,4}|:[A-Za-z]+)$"
_UUID = "[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}"
_NUMBER = f"/(?:[0-9]+|{_UUID})(/|$)"
# Words without digits, but for a version, and numbers that never follow one another.
_WORD = "/(?:v[0-9]|(?:[A-Za-z_.]+-)?[A-Za-z_.]+)"
_NUMBERED = f"(?:(?:/[0-9]+)?{_WORD})*(?:/[0-9]+)?/?"
_SIMPLE = "[^?#:]+(?:[?][A-Za-z_.-]+=[^&;?#]*(?:&[A-Za-z_.-]+=[^&;?#]*)*)?"
_PREFIXES = "(?:[A-Za-z]{1,16}[_-]){1,3}"


def route_shape_sql(path: str) -> str:
    """Return a SQL expression for the route template of `path`, itself a SQL expression (best a column name).

    A segment that is a UUID, all digits, hexadecimal (8 or more with a digit), base64-like (16 or more) or a prefix
    with a random rest (`resp_…`, `file-…`) becomes `{id}`; a file ending or `:verb` behind it stays. Scheme, host
    and fragment are dropped, of a query the sorted keys stay. Null gives null, an empty path `/`; the expression never
    fails, and a route template is its own template.
    """
    bare = f"regexp_replace(regexp_replace({path}, '{_ORIGIN}', ''), '{_FRAGMENT}', '')"
    return (
        f"CASE WHEN {path} IS NULL THEN NULL WHEN {path} = '' THEN '/' "
        f"WHEN NOT regexp_matches({path}, '{_WORTH_A_LOOK}') THEN {path} "
        f"WHEN regexp_full_match({path}, '{_NUMBERED}') "
        f"THEN regexp_replace({path}, '/[0-9]+(/|$)', '/{{id}}\\1', 'g') "
        f"ELSE {_quick_sql(path, _shape_sql(bare))} END"
    )


def _quick_sql(path: str, otherwise: str) -> str:
    """Return the expression for a path in which numbers and UUIDs are the only ids; what `otherwise` says for others.

    It says the same as the other one. That has lambdas, whose expressions the engine makes ready for every 2,048 rows.
    """

    def replaced(text: str) -> str:
        # Of two numbers in a row, the first takes the slash that the second begins with.
        once = f"regexp_replace({text}, '{_NUMBER}', '/{{id}}\\1', 'g')"
        return f"regexp_replace({once}, '{_NUMBER}', '/{{id}}\\1', 'g')"

    quick = replaced(f"split_part({path}, '?', 1)")
    keys = f"regexp_replace(split_part({path}, '?', 2), '=[^&]*', '', 'g')"
    several = f"array_to_string(list_sort(list_distinct(string_split({keys}, '&'))), '&')"
    query = f"CASE WHEN contains({path}, '&') THEN {several} ELSE {keys} END"
    is_simple = f"regexp_full_match({path}, '{_SIMPLE}') AND NOT regexp_matches({quick}, '{_WORTH_A_LOOK}')"
    return (
        f"CASE WHEN NOT ({is_simple}) THEN {otherwise} "
        f"WHEN contains({path}, '?') THEN {quick} || '?' || {query} ELSE {quick} END"
    )


def _shape_sql(bare: str) -> str:
    """Return the expression for a path with an optional query and nothing else.

    Segments and the keys of the query are one list, so that the expression for one of them stands there once.
    """
    segments = f"string_split(split_part({bare}, '?', 1), '/')"
    pairs = f"string_split_regex(substr({bare}, strpos({bare}, '?') + 1), '[&;]')"
    keys = f"list_transform({pairs}, lambda pair: split_part(pair, chr(61), 1))"
    words = f"CASE WHEN contains({bare}, '?') THEN {segments} || {keys} ELSE {segments} END"
    shaped = f"list_transform({words}, lambda word: {_segment_sql('word')})"
    count = f"len({segments})"
    named = f"list_sort(list_distinct(list_filter(shaped[{count} + 1:], lambda word: word <> '')))"
    path = f"array_to_string(shaped[:{count}], '/')"
    query = f"coalesce('?' || nullif(array_to_string({named}, '&'), ''), '')"
    return bound(shaped, "shaped", f"coalesce(nullif({path}, ''), '/') || {query}")


def _segment_sql(segment: str) -> str:
    """Return the expression for one segment: itself, or `{id}` where it is one."""
    ending = f"regexp_extract({segment}, '{_ENDING}')"
    # The whole segment, and what stands before its ending.
    forms = f"[{segment}, left({segment}, length({segment}) - length({ending}))]"
    are_ids = f"list_transform({forms}, lambda form: {_is_id_sql('form')})"
    shaped = f"CASE WHEN are_ids[1] THEN '{{id}}' WHEN are_ids[2] THEN '{{id}}' || {ending} ELSE {segment} END"
    return (
        f"CASE WHEN NOT regexp_matches({segment}, '[0-9]|-[A-Fa-f]{{4}}-') THEN {segment} "
        f"ELSE {bound(are_ids, 'are_ids', shaped)} END"
    )


def _is_id_sql(text: str) -> str:
    """Return the condition under which a text is an id rather than a word.

    Words have a digit at their end at most (`v1`, `oauth2`); what is random has several, or both cases beside one.
    """
    two_digits = f"regexp_matches({text}, '[0-9][^0-9]*[0-9]')"
    both_cases = f"regexp_matches({text}, '[a-z]') AND regexp_matches({text}, '[A-Z]')"
    digit_prefix = f"regexp_full_match({text}, '[A-Za-z]{{1,16}}(?:_[0-9]+|-[0-9]{{3,}})')"
    random_rest = f"regexp_replace({text}, '^{_PREFIXES}', '')"
    return (
        f"(regexp_full_match({text}, '[0-9]+|{_UUID}') "
        f"OR (length({text}) >= 8 AND regexp_full_match({text}, '[0-9A-Fa-f]*[0-9][0-9A-Fa-f]*')) "
        f"OR {digit_prefix} "
        f"OR (regexp_full_match({text}, '{_PREFIXES}[A-Za-z0-9]{{6,}}') AND regexp_matches({random_rest}, "
        f"'[0-9][^0-9]*[0-9]') OR (length({random_rest}) >= 8 "
        f"AND regexp_full_match({text}, '{_PREFIXES}[0-9A-Fa-f]*[0-9][0-9A-Fa-f]*'))) "
        f"OR (length({text}) >= 16 AND regexp_full_match({text}, '[A-Za-z0-9]*[0-9][A-Za-z0-9]*') AND {two_digits}) "
        f"OR (length({text}) >= 16 AND regexp_full_match({text}, '[A-Za-z0-9_=+-]*[0-9][A-Za-z0-9_=+-]*') "
        f"AND {both_cases}))"
    )
