"""What is before wrapped JSON, found by shapes: the same as the pattern of the wrapper finds in each line."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loglens.ingest.formats.containers import COMPOSE, KUBECTL
from loglens.ingest.formats.cri import FORMAT as CRI
from loglens.ingest.heads import heads_of
from loglens.ingest.layout import Wrapper
from loglens.ingest.lines import Lines

WRAPPERS = {form.name: form.wrapper for form in (CRI, COMPOSE, KUBECTL) if form.wrapper is not None}
TIMES = st.sampled_from(["2026-01-15T09:00:00.250000000Z", "2026-11-05T19:00:01.5Z", "2026-01-15T09:00:00+01:00"])
HEADS = {
    "cri": st.builds(
        "{} {} {} ".format, TIMES, st.sampled_from(["stdout", "stderr"]), st.sampled_from(["F", "F:x", "P"])
    ),
    "compose": st.builds(
        "{}  | {}".format, st.sampled_from(["web-1", "web-2", "db", "é"]), st.sampled_from(["", "x "])
    ),
    "kubectl": st.builds("[pod/{}/{}] ".format, st.sampled_from(["a-1", "a-2"]), st.sampled_from(["c", "d{"])),
}
TEXTS = st.sampled_from(['{"a":1}', '{"a":"b"}\r', "plain", "", " {", "{", "2026-01-15T09:00:00Z {"])


@pytest.mark.parametrize("name", WRAPPERS)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_shapes_find_what_the_pattern_finds(name: str, data: st.DataObject) -> None:
    wrapper = WRAPPERS[name]
    every = data.draw(st.lists(st.tuples(HEADS[name], TEXTS), min_size=1, max_size=5))
    lines = Lines.of("".join(f"{head}{text}\n" for head, text in every).encode())
    found = heads_of(lines, wrapper)
    if found is None:
        return
    for number in range(len(lines.ends)):
        raw = lines.raw(number)
        match = re.match(wrapper.head_pattern.encode(), raw)
        assert match is not None and raw[match.end() :].startswith(b"{")
        assert found.begins[number] - lines.starts[number] == match.end("head")
        for group, (begins, ends) in found.spans.items():
            assert lines.whole[begins[number] : ends[number]] == (match[group] or b"")


def all_found(wrapper: Wrapper, *lines: str) -> bool:
    return heads_of(Lines.of("".join(f"{line}\n" for line in lines).encode()), wrapper) is not None


def test_lines_of_few_shapes_are_found_by_them() -> None:
    one, other = "2026-01-15T09:00:00.25Z stdout F {}", "2026-01-15T09:00:07.99Z stderr F {}"
    assert all_found(WRAPPERS["cri"], one, other, one)
    assert not all_found(
        WRAPPERS["cri"], one, "2026-01-15T09:00:00.25Z stdout P {", "2026-01-15T09:00:00.25Z stdout F }"
    )
    assert not all_found(WRAPPERS["cri"], one, "2026-01-15T09:00:00.25Z stdout F plain")
    assert not all_found(WRAPPERS["cri"], one, "short")
