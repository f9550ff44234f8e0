"""The shape of a call that has no text of its own, from what its span says of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from loglens.shape import Shape
from loglens.shapes.ids import mask_ids

_IP = re.compile(r"\b\d{1,3}(?:\.\d{1,3}){3}\b|\[[0-9A-Fa-f:]+\]")


def _shape_http(method: str, host: str = "", route: str = "") -> Shape:
    named_host = _IP.sub("{ip}", host)
    # Without a route there is the name of the span, which often is but the method.
    address = f"{named_host}{route}" if route.startswith("/") else f"{named_host} {route.removeprefix(method)}"
    return Shape(f"{method} {address.strip()}".strip(), method or None, named_host or None, has_hidden=True)


def _shape_grpc(name: str) -> Shape:
    service, _, method = name.rpartition("/")
    return Shape(name, method or None, service or None, has_hidden=True)


def _shape_messaging(operation: str, destination: str = "") -> Shape:
    masked = mask_ids(destination)
    return Shape(f"{operation} {masked}".strip(), operation, masked or None, has_hidden=True)


def _shape_llm(operation: str, model: str = "") -> Shape:
    return Shape(f"{operation} {model}".strip(), operation, model or None, has_hidden=True)


def _shape_other(peer: str, name: str = "") -> Shape:
    masked = mask_ids(name)
    return Shape(f"{peer} {masked}".strip(), None, peer or None, has_hidden=True)


# How many parts each kind has, and what makes a shape of them.
_SHAPERS: Mapping[str, tuple[int, Callable[..., Shape]]] = {
    "http": (3, _shape_http),
    "grpc": (1, _shape_grpc),
    "messaging": (2, _shape_messaging),
    "llm": (2, _shape_llm),
    "call": (2, _shape_other),
}


def shape_parts(kind: str, text: str) -> Shape:
    """Return the shape of a call from its parts, one a line; what it is called with is always hidden."""
    parts, shaper = _SHAPERS[kind]
    return shaper(*text.split("\n", parts - 1))


def shape_name(name: str) -> Shape:
    """Return the shape of a database call of which only the name of its span tells: `SELECT orders`."""
    operation, _, target = mask_ids(name).partition(" ")
    return Shape(mask_ids(name), operation or None, target or None, has_hidden=True)
