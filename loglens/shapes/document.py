"""The shape of a query that is JSON or looks like it, as MongoDB and Elasticsearch take: keys stay, values are `?`."""

from __future__ import annotations

import re

from loglens.shape import Shape

_TOKENS = re.compile(
    r"""(?P<key>"(?:[^"\\]|\\[\s\S])*"(?=\s*:)|[A-Za-z_$][\w.$]*(?=\s*:))
    |(?P<value>"(?:[^"\\]|\\[\s\S])*"|'(?:[^'\\]|\\[\s\S])*'|-?\b[0-9][\w.+-]*|\?|\b(?:true|false|null)\b
      |\b(?:ObjectId|ISODate|UUID|NumberLong|Timestamp|new\sDate)\([^()]*\))
    |(?P<cut>\.\.\.\Z|…\Z|["'][\s\S]*)
    |(?P<word>[A-Za-z_$][\w.$-]*)
    |(?P<space>\s+)
    |(?P<sign>[\s\S])""",
    re.VERBOSE | re.ASCII,
)
_LIST = re.compile(r"\[\?(?:,\s?\?)*,?\]?|\[(\{[^\[\]{}]*\})(?:,\s?\1)+\]?")
# The first key of a MongoDB command names what it does, its value the collection.
_COMMAND = re.compile(r'\s*\{\s*"?([a-zA-Z]+)"?\s*:\s*(?:"([^"]+)"|1\b)')
_METHOD = re.compile(r"\s*(?:db\.)?([\w.-]+)\.([a-zA-Z]+)\(")


def shape_document(text: str) -> Shape:
    """Return the shape of a query; every text has one."""
    command = _COMMAND.match(text)
    method = _METHOD.match(text)
    operation, target = (command[1], command[2]) if command else (method[2], method[1]) if method else (None, None)
    parts: list[str] = []
    is_cut = False
    values = 0
    for match in _TOKENS.finditer(text):
        match match.lastgroup:
            case "key":
                parts.append(match[0].strip('"'))
            case "value" if command and not values and match.start() < command.end():
                parts.append(target or "")
                values += 1
            case "value":
                parts.append("?")
            case "cut":
                is_cut = True
            case "space":
                parts.append(" " if parts and parts[-1] not in {" ", "{", "["} else "")
            case _:
                parts.append(match[0])
    joined = re.sub(r"\s*([:,])\s*", r"\1 ", "".join(parts)).strip()
    whole = _LIST.sub("[...]", re.sub(r"\s+([}\])])", r"\1", joined))
    is_cut = is_cut or whole.count("{") > whole.count("}")
    return Shape(
        text=whole + (" …" if is_cut else ""),
        operation=operation,
        target=target,
        has_hidden='"?"' in text or bool(re.search(r":\s*\?", text)),
        is_truncated=is_cut,
    )
