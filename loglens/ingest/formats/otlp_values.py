"""The exact reader of OTLP values: any spelling in, plain JSON text out, and whether something was lost on the way."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

MALFORMED_DEPTH = "nested too deep to be read"
INT64 = range(-(1 << 63), 1 << 63)
WHOLE_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)")
NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
EXACT_DIGITS = 17
SURROGATE = re.compile("[\ud800-\udfff]")
SNAKE = re.compile(r"_([a-z0-9])")


class Malformed(Exception):
    """A record that cannot be read; the message is the reason."""


class Number(str):
    """The text of a JSON number, as it was written."""

    __slots__ = ()


class Repeated(dict[str, Any]):
    """A JSON object in which a key stood more than once; the last one counts."""


def parse(text: bytes | str) -> Any:
    """Parse JSON, keeping numbers as text; raises Malformed."""
    try:
        return _DECODER.decode(text if isinstance(text, str) else text.decode())
    except RecursionError:
        raise Malformed(MALFORMED_DEPTH) from None
    except ValueError as error:
        raise Malformed(f"not JSON: {error}") from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    plain = dict(pairs)
    return plain if len(plain) == len(pairs) else Repeated(plain)


def _no_constant(word: str) -> Any:
    raise ValueError(f"{word} is no JSON value")


_DECODER = json.JSONDecoder(
    object_pairs_hook=_object, parse_int=Number, parse_float=Number, parse_constant=_no_constant
)


def camel(key: str) -> str:
    """Return the camelCase spelling of a snake_case key."""
    return SNAKE.sub(lambda match: match[1].upper(), key) if "_" in key else key


def encodable(text: str) -> str:
    """Return a text with U+FFFD for each lone surrogate."""
    return SURROGATE.sub("\ufffd", text)


class Writer:
    """Writes values as JSON text and notes in `lost` when the text cannot carry all there was."""

    def __init__(self) -> None:
        self.lost = False

    def members(self, value: Any, what: str) -> dict[str, Any]:
        """Return the members of an object under their camelCase names; raises Malformed for anything else."""
        if value is None:
            return {}
        if not isinstance(value, dict):
            raise Malformed(f"{what} is not an object")
        if isinstance(value, Repeated):
            self.lost = True
        renamed = {camel(key): member for key, member in value.items()}
        if len(renamed) < len(value):
            self.lost = True
        return renamed

    def elements(self, value: Any, what: str) -> list[Any]:
        """Return the elements of a list, none for null; raises Malformed for anything else."""
        if value is None:
            return []
        if not isinstance(value, list):
            raise Malformed(f"{what} is not a list")
        return value

    def string(self, text: str) -> str:
        """Write a string; a lone surrogate becomes U+FFFD."""
        return json.dumps(self.text(text), ensure_ascii=False)

    def text(self, text: str) -> str:
        """Return a string that can be stored; a lone surrogate becomes U+FFFD."""
        stored = encodable(text)
        self.lost |= stored != text
        return stored

    def plain(self, value: Any) -> str:
        """Write a parsed JSON value as it is."""
        if isinstance(value, Number):
            self._check_digits(value)
            return value
        if isinstance(value, str):
            return self.string(value)
        if isinstance(value, dict):
            self.lost |= isinstance(value, Repeated)
            return "{" + ",".join(f"{self.string(key)}:{self.plain(member)}" for key, member in value.items()) + "}"
        if isinstance(value, list):
            return "[" + ",".join(map(self.plain, value)) + "]"
        return json.dumps(value)

    def attributes(self, value: Any, what: str = "attributes") -> str | None:
        """Write a list of keys and values as a flat object, None for an empty one; raises Malformed."""
        written: dict[str, str] = {}
        pairs: list[str] = []
        for element in self.elements(value, what):
            pair = self.members(element, f"an element of {what}")
            key = pair.get("key", "")
            if not isinstance(key, str) or isinstance(key, Number):
                raise Malformed(f"a key in {what} is not text")
            self.lost |= bool(pair.keys() - {"key", "value"}) or key in written
            name = self.string(key)
            written[key] = name
            pairs.append(f"{name}:{self.any_value(pair.get('value'), what)}")
        return "{" + ",".join(pairs) + "}" if pairs else None

    def any_value(self, value: Any, what: str) -> str:
        """Write an AnyValue in its natural JSON form; raises Malformed where no object is."""
        kinds = self.members(value, f"a value in {what}")
        if len(kinds) != 1 or (kind := next(iter(kinds))) not in _WRITERS:
            self.lost = True
            return "null" if not kinds else self.plain(value)
        content = kinds[kind]
        if content is None:
            self.lost = True
            return "null"
        return _WRITERS[kind](self, content, what)

    def _string_value(self, value: Any, what: str) -> str:
        if not isinstance(value, str) or isinstance(value, Number):
            self.lost = True
        return self.plain(value)

    def _bool_value(self, value: Any, what: str) -> str:
        if not isinstance(value, bool):
            self.lost = True
        return self.plain(value)

    def _int_value(self, value: Any, what: str) -> str:
        if isinstance(value, str) and WHOLE_NUMBER.fullmatch(value) and len(value) <= 20 and int(value) in INT64:
            return str(value) if value != "-0" else "0"
        self.lost = True
        return self.plain(value)

    def _double_value(self, value: Any, what: str) -> str:
        if isinstance(value, str) and NUMBER.fullmatch(value):
            self.lost |= not isinstance(value, Number)
            return self.plain(Number(value))
        self.lost = True
        return self.plain(value)

    def _bytes_value(self, value: Any, what: str) -> str:
        self.lost = True
        return self.plain(value)

    def _array_value(self, value: Any, what: str) -> str:
        values = self.members(value, f"an arrayValue in {what}")
        self.lost |= bool(values.keys() - {"values"})
        elements = self.elements(values.get("values"), f"values of an arrayValue in {what}")
        return "[" + ",".join(self.any_value(element, what) for element in elements) + "]"

    def _kvlist_value(self, value: Any, what: str) -> str:
        values = self.members(value, f"a kvlistValue in {what}")
        self.lost |= bool(values.keys() - {"values"})
        return self.attributes(values.get("values"), what) or "{}"

    def _check_digits(self, number: str) -> None:
        """Note numbers whose value a double or a 64-bit integer cannot hold."""
        digits = sum(map(str.isdigit, number.casefold().partition("e")[0].lstrip("-0.")))
        if digits <= EXACT_DIGITS and "e" not in number and "E" not in number:
            return
        whole = WHOLE_NUMBER.fullmatch(number)
        exact = len(number) <= 20 and int(number) in INT64 if whole else digits <= EXACT_DIGITS and _is_finite(number)
        self.lost |= not exact


def _is_finite(number: str) -> bool:
    return abs(float(number)) != float("inf")


_WRITERS: Mapping[str, Callable[[Writer, Any, str], str]] = {
    "stringValue": Writer._string_value,
    "boolValue": Writer._bool_value,
    "intValue": Writer._int_value,
    "doubleValue": Writer._double_value,
    "bytesValue": Writer._bytes_value,
    "arrayValue": Writer._array_value,
    "kvlistValue": Writer._kvlist_value,
}


def canonical(value: Any, writer: Writer) -> Any:
    """Return a parsed value with the keys that OTLP defines spelled in camelCase, attribute names untouched."""
    if isinstance(value, list):
        return [canonical(element, writer) for element in value]
    if isinstance(value, dict):
        return {key: canonical(member, writer) for key, member in writer.members(value, "a value").items()}
    return value
