"""TRUTH.json: what was planted, and what should be found of it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import repeat
from pathlib import Path

from loglens.demo.call import LONG_WAIT_NS
from loglens.demo.engine import MINUTE
from loglens.demo.faults.fault import Fault, Json, Window
from loglens.demo.platform import START_NS, Served
from loglens.demo.writers.lines import iso_time

FILE = "TRUTH.json"
GENERATOR_VERSION = 2
EXEMPLARS = 5


@dataclass(frozen=True)
class Part:
    """The requests of one platform, and how far each copy of it is shifted; the platform itself by nothing."""

    served: Sequence[Served]
    shifts_ns: Sequence[int]


def write_truth(
    directory: Path,
    run: Mapping[str, int],
    planted: Sequence[Fault],
    parts: Sequence[Part],
    files: Mapping[str, Mapping[str, int]],
) -> list[dict[str, Json]]:
    """Write the file; return what it says of the faults."""
    minutes = run["minutes"]
    found = [_fault(fault, minutes, parts) for fault in planted]
    truth = {
        "about": "What the generator planted in the files beside this one, and what should be found of it.",
        "generator_version": GENERATOR_VERSION,
        **run,
        "from": _time(START_NS),
        "to": _time(START_NS + minutes * MINUTE),
        "faults": found,
        "files": {name: dict(counts) for name, counts in files.items()},
    }
    (directory / FILE).write_text(json.dumps(truth, indent=2) + "\n", encoding="utf-8", newline="\n")
    return found


def _fault(fault: Fault, minutes: int, parts: Sequence[Part]) -> dict[str, Json]:
    window = fault.window(minutes)
    requests = [each for part in parts for each in _copied(part, fault, window)]
    of_route = [each for each in requests if each.route == fault.route]
    marked = [(part, each) for part in parts for each in part.served if fault.kind in each.marks]
    last = [each.start_ns + part.shifts_ns[-1] for part, each in marked]
    return {
        "kind": fault.kind,
        "service": fault.service,
        "route": fault.route,
        **({"reach": [*fault.reach]} if fault.reach else {}),
        "start": _time(window.start_ns),
        "end": _time(window.end_ns),
        "done": fault.done,
        "findings": [{"any_of": [*detectors]} for detectors in fault.findings],
        "first_request_at": _time(min(each.start_ns for _, each in marked)) if marked else None,
        "last_request_at": _time(max(last)) if marked else None,
        "evidence": fault.evidence(of_route, window),
        "other_requests_that_waited_for_a_connection": sum(
            each.start_ns in window and each.route != fault.route and each.waited_ns >= LONG_WAIT_NS
            for each in requests
        ),
        "trace_ids": [each.trace_id for _, each in marked[:EXEMPLARS] if each.trace_id],
    }


def _copied(part: Part, fault: Fault, window: Window) -> Iterator[Served]:
    """Yield the requests of the service once for each copy; shifted where that decides whether the window has it."""
    for each in part.served:
        if each.service != fault.service:
            continue
        if (each.start_ns in window) == (each.start_ns + part.shifts_ns[-1] in window):
            yield from repeat(each, len(part.shifts_ns))
        else:
            yield from (replace(each, start_ns=each.start_ns + shift_ns) for shift_ns in part.shifts_ns)


def _time(at_ns: int) -> str:
    whole = iso_time(at_ns, 9)
    return whole.rstrip("0").rstrip(".") + "Z"
