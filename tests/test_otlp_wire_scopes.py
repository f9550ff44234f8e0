"""Spans of usual requests of OTLP protobuf, found in all scopes at once, are those found one field after another."""

from __future__ import annotations

import random

import numpy as np
import pytest

from loglens.ingest.formats.otlp_requests import RequestReader
from loglens.ingest.formats.otlp_wire_batches import padded
from loglens.ingest.formats.otlp_wire_scopes import UsualRequests


def field(number: int, content: bytes) -> bytes:
    size, rest = len(content) & 127, len(content) >> 7
    written = bytes([number << 3 | 2])
    while rest:
        written += bytes([size | 128])
        size, rest = rest & 127, rest >> 7
    return written + bytes([size]) + content


def span(chance: random.Random, *, has_parent: bool = True) -> bytes:
    parent = field(4, chance.randbytes(8)) if has_parent else b""
    name = field(5, b"n" * chance.choice((0, 1, 60, 90, 126, 200, 5_000)))
    return field(1, chance.randbytes(16)) + field(2, chance.randbytes(8)) + parent + name


def scope(*spans: bytes, behind: bytes = b"") -> bytes:
    return field(2, field(1, field(1, b"http")) + b"".join(field(2, each) for each in spans) + behind)


def request(*scopes: bytes) -> bytes:
    return field(1, field(1, b"") + b"".join(scopes))


def places(requests: list[bytes]) -> tuple[bytes, list[int], list[list[tuple[list[int], list[int]]]]]:
    """Return a content, the bounds of its requests, and the places of spans in the scopes of each."""
    bounds = [0, *np.cumsum([len(each) for each in requests]).tolist()]
    content = padded(b"".join(requests))
    usual = UsualRequests(content, bounds)
    found = [usual.scopes(number) for number in range(len(requests))]
    return content, bounds, [[(each.begins.tolist(), each.ends.tolist()) for each in scopes] for scopes in found]


@pytest.mark.parametrize("requests", [1, 3, 40])
def test_places_are_those_found_one_by_one(requests: int) -> None:
    chance = random.Random(requests)
    made = []
    for _ in range(requests):
        scopes = [[span(chance) for _ in range(chance.choice((0, 1, 5, 30)))] for _ in range(3)]
        made.append(request(scope(span(chance)), *(scope(*spans) for spans in scopes)))
    content, bounds, found = places(made)
    for begin, end, scopes_found in zip(bounds, bounds[1:], found, strict=False):
        groups = RequestReader().groups(content, begin, end)
        assert scopes_found == [(group.begins, group.ends) for group in groups]


UNUSUAL = {
    "only roots, which could be something else": [scope(span(random.Random(1), has_parent=False))],
    "a field behind the spans": [scope(span(random.Random(1)), behind=field(3, b"https://schema"))],
    "a scope that says nothing of itself": [field(2, field(2, span(random.Random(1))))],
    "no scope": [],
}


@pytest.mark.parametrize("name", UNUSUAL)
@pytest.mark.parametrize("others", [0, 20])
def test_an_unusual_request_is_left_alone_and_the_others_are_not(name: str, others: int) -> None:
    chance = random.Random(others)
    usual = [request(scope(span(chance), span(chance))) for _ in range(others)]
    _, _, found = places([*usual, request(*UNUSUAL[name]), *usual])
    assert [len(scopes) for scopes in found] == [1] * others + [0] + [1] * others


def test_a_request_cut_short_is_left_alone() -> None:
    whole = request(scope(span(random.Random(1))))
    for size in range(len(whole)):
        _, _, (found,) = places([whole[:size]])
        assert found == []
