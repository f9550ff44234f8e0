"""Message templates of Serilog and the like, filled with the values of their record, as a SQL expression.

Source: messagetemplates.org. `{Name}`, `{@Name}`, `{$Name}`, `{Name:format}` and `{Name,width}` are holes, `{{` and
`}}` are braces. Texts are filled in without quotes, as people read them.
"""

from __future__ import annotations

from loglens.ingest.sql_text import bound, quoted

_HOLE = r"\{\{|\}\}|\{[@$]?[A-Za-z0-9_]+(?:,-?[0-9]+)?(?::[^{}]*)?\}"
_NAME = r"^\{[@$]?([A-Za-z0-9_]+)"


def rendered_sql(template: str, record: str) -> str:
    """Return a SQL expression for a template filled from a JSON record; both arguments are SQL expressions of text.

    A hole with a format takes the next of the renderings in `@r`, where there are any; a hole without a value stays.
    """
    texts = f"string_split_regex({template}, {quoted(_HOLE)})"
    holes = f"regexp_extract_all({template}, {quoted(_HOLE)})"
    return bound(
        f"{{'texts': {texts}, 'holes': {holes}, 'made': json_extract_string({record}, '$.\"@r\"[*]')}}",
        "template",
        "array_to_string(list_transform(template.texts, lambda part, place: "
        f"part || coalesce({_filled(record)}, '')), '')",
    )


def _filled(record: str) -> str:
    hole = "template.holes[place]"
    name = f"regexp_extract({hole}, {quoted(_NAME)}, 1)"
    value = f"json_extract_string({record}, '$.\"' || {name} || '\"')"
    inner = f"json_extract_string({record}, '$.\"Properties\".\"' || {name} || '\"')"
    formatted = "list_filter(template.holes[:place], lambda hole: contains(hole, ':'))"
    made = f"CASE WHEN contains({hole}, ':') THEN template.made[len({formatted})] END"
    braces = f"CASE {hole} WHEN '{{{{' THEN '{{' WHEN '}}}}' THEN '}}' END"
    return f"coalesce({braces}, {made}, {value}, {inner}, {hole})"
