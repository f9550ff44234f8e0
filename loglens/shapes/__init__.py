"""The shapes of calls of every kind; each kind that has a language of its own is a module."""

from __future__ import annotations

from loglens.shape import Shape
from loglens.shapes.document import shape_document
from loglens.shapes.parts import shape_name, shape_parts
from loglens.shapes.redis import shape_redis
from loglens.shapes.sql import shape_sql


def shape_call(kind: str, text: str, *, is_named: bool = False, is_mysql: bool = False) -> Shape:
    """Return the shape of a call: `is_named` where its text is but the name of a span; every text has a shape."""
    if is_named:
        return shape_name(text)
    match kind:
        case "sql":
            return shape_sql(text, "mysql" if is_mysql else "standard")
        case "redis":
            return shape_redis(text)
        case "document":
            return shape_document(text)
        case _:
            return shape_parts(kind, text)
