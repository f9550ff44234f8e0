"""The plain shapes of attribute values: how OTLP writes them, and what is left of that in flat JSON."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


def word(text: bytes) -> np.uint64:
    """Return up to eight bytes as a little-endian number."""
    return np.uint64(int.from_bytes(text, "little"))


KEY = word(b'{"key":"')
STRING, INT, BOOL, DOUBLE = (word(text) for text in (b'{"string', b'{"intVal', b'{"boolVa', b'{"double'))
STRING_REST, INT_REST, BOOL_REST = (word(text) for text in (b'Value":"', b'tValue":', b'lValue":'))
DOUBLE_REST = word(b'Value":')
BEFORE_VALUE, UP_TO_VALUE = word(b'","value'), word(b'"value":')
CLOSED, CLOSED_LAST = word(b"}},"), word(b"}}]")


@dataclass(frozen=True)
class Kind:
    """A shape of values: the bytes between its brace and its content, and its flat form from the comma before it on."""

    lead: int
    flat: np.void
    flat_end: np.void

    @classmethod
    def of(cls, text: bytes, quoted: bool = False, is_text: bool = False) -> Kind:
        """Make the shape of a text such as `{"intValue":`; quotes of a text stay, those around numbers go."""
        gone = b"\0" * (len(text) + 8)
        flat = gone + (b':"' if is_text else b":\0" if quoted else b":")
        end = b'"\0\0' if is_text else b"\0\0\0"
        return cls(len(text) + (is_text or quoted), _record(flat), _record(end if quoted or is_text else end[1:]))

    @property
    def removed(self) -> int:
        """Bytes that an attribute of this shape loses, those of its key included."""
        return 7 + sum(part.tobytes().count(0) for part in (self.flat, self.flat_end))


def _record(text: bytes) -> np.void:
    record: np.void = np.frombuffer(text, f"V{len(text)}")[0]
    return record


KEY_LEFT = word(b'\0\0\0\0\0\0\0"')
STRINGS, QUOTED, INTS, BOOLS, DOUBLES = KINDS = (
    Kind.of(b'{"stringValue":', is_text=True),
    Kind.of(b'{"intValue":', quoted=True),
    Kind.of(b'{"intValue":'),
    Kind.of(b'{"boolValue":'),
    Kind.of(b'{"doubleValue":'),
)
LEADS, REMOVED = (np.array(amounts) for amounts in zip(*((kind.lead, kind.removed) for kind in KINDS), strict=True))
# Quotes of an attribute of each shape.
QUOTES = np.array([10, 10, 8, 8, 8])
