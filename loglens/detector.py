"""What a detector is: one problem, the analysis it watches, its thresholds, and how it judges a row of numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from loglens.analysis import Analysis, Follow, Param, Row, Value

Severity = Literal["critical", "warning", "info"]
# Gravest first.
SEVERITIES: tuple[Severity, ...] = ("critical", "warning", "info")
Values = Mapping[str, Value]
Number = int | float | None


@dataclass(frozen=True)
class Gate:
    """One condition of a finding: a number of the row held against the threshold of a parameter.

    `what` says in words what the number is; its unit is in the name of the parameter (`_ms`, `_ratio`). A number that
    is not known, or a threshold, does not pass. `of_all` says that the number is about all requests together, so that
    one trace alone cannot meet it. `is_met` tells of this condition alone; `others` are conditions of which any may be
    met in its place.
    """

    param: str
    what: str
    value: Number
    threshold: Number
    is_met: bool
    at_most: bool = False
    of_all: bool = False
    others: tuple[Gate, ...] = ()

    @property
    def is_passed(self) -> bool:
        """Whether the condition is met, or one of the others."""
        return self.is_met or any(other.is_met for other in self.others)

    @property
    def missing(self) -> Number:
        """How much the number lacks, or has too much; None where the condition is met or the number is not known."""
        if self.is_met or self.value is None or self.threshold is None:
            return None
        return abs(self.value - self.threshold)


def at_least(values: Values, param: str, value: Number, what: str, of_all: bool = False) -> Gate:
    """Return the gate that a number passes from the threshold of a parameter on."""
    threshold = _number(values[param])
    is_met = value is not None and threshold is not None and value >= threshold
    return Gate(param, what, value, threshold, is_met, of_all=of_all)


def at_most(values: Values, param: str, value: Number, what: str, of_all: bool = False) -> Gate:
    """Return the gate that a number passes up to the threshold of a parameter."""
    threshold = _number(values[param])
    is_met = value is not None and threshold is not None and value <= threshold
    return Gate(param, what, value, threshold, is_met, at_most=True, of_all=of_all)


def any_of(first: Gate, *others: Gate) -> Gate:
    """Return the gate that is passed where any of these is."""
    return replace(first, others=others)


def _number(value: Value) -> Number:
    assert value is None or isinstance(value, (int, float))
    return value


@dataclass(frozen=True)
class Verdict:
    """What a detector makes of one row: its gates, and, where all are passed, the words of the finding.

    `subject` is what is accused, in few words; `summary` one sentence in plain words. `cost_ms` is the time that
    requests took longer because of it, all together, and ranks the findings; `gain_ms` what a request would save,
    where that can be computed. `advice` replaces the detector's where the row allows a better one. `p` is how probable
    the row is by chance, for a detector with MAX_Q among its parameters: one more gate, once all rows are judged.
    `is_spell` says that it came and went: the time from first_ts to last_ts stands out. `services` it reached and
    `requests` it hurt rank what costs no time.
    """

    gates: tuple[Gate, ...]
    severity: Severity = "info"
    subject: str = ""
    summary: str = ""
    cost_ms: float = 0.0
    gain_ms: float | None = None
    advice: str | None = None
    caveats: tuple[str, ...] = ()
    p: float | None = None
    is_spell: bool = False
    services: int = 1
    requests: int = 0

    @property
    def is_finding(self) -> bool:
        """Whether every gate is passed."""
        return all(gate.is_passed for gate in self.gates)


@dataclass(frozen=True)
class Detector:
    """One problem: from this object come its findings, its settings, its docs and what `explain-miss` says.

    `problem` is one sentence of what it accuses. `watches` is the analysis whose rows it judges, asked with the values
    of `asks` and with those of its own `params` that have the name of a parameter of the analysis. `judge` takes a row
    and the values of `params`; it gives the gates, and the words only where all are passed, so that a row without
    numbers never meets them. `identity` names the columns that make it the same finding on another day: never times,
    ids or counts. `evidence` names the columns that are shown. `is_about_route` says that it accuses
    a route as a whole, which what is found inside the route may explain. `follow` is the question whose answer belongs
    to its story, asked of a row of service, route and evidence.

    Columns of the row with these names are taken as they are: `service`, `route` (that it is, or lies in),
    `shape` (the statement or call), `exemplar_trace_id` or `exemplar_trace_ids` (requests to look at), `first_ts` and
    `last_ts` (when it was seen).

    `explain-miss` asks about one trace. Where the analysis has a parameter `trace_id`, it is asked about that trace
    alone, with the values of `wide` in place of the thresholds by which its statement would leave rows out; gates
    `of_all` requests are taken from the row of the same identity over all data. An analysis without that parameter
    has its rows matched by service and route.
    """

    name: str
    title: str
    problem: str
    watches: Analysis
    params: tuple[Param, ...]
    judge: Callable[[Row, Values], Verdict]
    identity: tuple[str, ...]
    evidence: tuple[str, ...]
    advice: str
    is_about_route: bool = False
    follow: Follow | None = None
    asks: Mapping[str, Value] = field(default_factory=dict)
    wide: Mapping[str, Value] = field(default_factory=dict)


# One detector asks the same of many rows, so that some pass by chance: Benjamini and Hochberg (1995) bound their share.
MAX_Q = Param(
    "max_q",
    0.05,
    "Report where of all that is reported at most this share is chance.",
    reason="The usual level; it holds however many routes are judged.",
)

# How grave a loss of time is: the same scale for every detector that can say which share of the requests' time it is.
SHARE_PARAMS = (
    Param(
        "critical_ratio",
        0.5,
        "Critical where it costs at least this share of the time of the requests concerned.",
        reason="Then it is the main thing these requests do.",
    ),
    Param(
        "warning_ratio",
        0.2,
        "A warning where it costs at least this share; info below.",
        reason="A fifth is what people notice when it goes.",
    ),
)


def by_share(share: float, values: Values) -> Severity:
    """Return the severity of a loss that is this share of the time of the requests, by the values of SHARE_PARAMS."""
    for severity, param in (("critical", "critical_ratio"), ("warning", "warning_ratio")):
        threshold = _number(values[param])
        if threshold is not None and share >= threshold:
            return severity  # type: ignore[return-value]
    return "info"
