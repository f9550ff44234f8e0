"""Service silent: nothing of a service is recorded for far longer than chance allows, while others go on.

service  │▄▅▄▅▄▄▅▄             ▄▅▄▄▅
others   │▆▆▅▆▆▅▆▆▆▅▆▆▆▅▆▆▆▅▆▆▅▆▆▆▅▆
         └────────┬────────────┬─────
              last sign    first sign
"""

from __future__ import annotations

from loglens.analyses import silence
from loglens.analysis import Param, Row
from loglens.detector import Detector, Values, Verdict, any_of, at_least, at_most
from loglens.silence.drawing import said
from loglens.silence.thresholds import MAX_RECORDED_RATIO, MIN_EXPECTED, MIN_SILENT_MS, SIGMA


def _judge(row: Row, values: Values) -> Verdict:
    # Of whom there is nobody else, or nobody who calls, nothing speaks against it.
    others = 0.0 if row["others_ratio"] is None and row["sigma"] is not None else row["others_ratio"]
    calling = 1.0 if row["calling_ratio"] is None and row["sigma"] is not None else row["calling_ratio"]
    gates = (
        at_least(values, "sigma", row["sigma"], "sigmas below the expected", of_all=True),
        at_least(values, "min_expected", row["expected"], "events that were to be expected", of_all=True),
        at_least(values, "min_silent_ms", row["silent_ms"], "silence", of_all=True),
        at_least(values, "min_seen_ms", row["seen_ms"], "before and after it", of_all=True),
        at_least(values, "min_before_ratio", row["before_ratio"], "share of the usual just before", of_all=True),
        at_least(values, "min_calling_ratio", calling, "share of the usual calls that it got", of_all=True),
        any_of(
            at_most(values, "max_recorded_ratio", row["recorded_ratio"], "share of its usual records", of_all=True),
            at_least(
                values, "min_calling_ratio", row["calling_ratio"], "share of the usual calls that it got", of_all=True
            ),
        ),
        at_most(values, "max_others_ratio", others, "share of the other services that were silent too", of_all=True),
    )
    if not all(gate.is_passed for gate in gates):
        return Verdict(gates)
    return Verdict(
        gates,
        severity="critical",
        subject=row["kind"],
        summary=said(row),
        is_spell=True,
    )


DETECTOR = Detector(
    name="service_silent",
    title="Service silent",
    problem="Nothing of a service is recorded for far longer than chance allows, while others go on.",
    watches=silence.ANALYSIS,
    params=(
        SIGMA,
        MIN_EXPECTED,
        MIN_SILENT_MS,
        Param(
            "min_seen_ms",
            300_000.0,
            "Report where the service was seen for at least this long before and after.",
            reason="What was there for a minute or two is a job that is done, or not known to go on.",
        ),
        Param(
            "min_before_ratio",
            0.3,
            "Report where just before there was at least this share of the usual.",
            reason="What fades out before it ends is idle, not down.",
        ),
        Param(
            "min_calling_ratio",
            0.3,
            "Report where it was called at least this share of the usual meanwhile.",
            reason="Whom nobody asks has nothing to say.",
        ),
        Param(
            "max_recorded_ratio",
            MAX_RECORDED_RATIO,
            "Report where it wrote at most this share of its usual records, or is known to be called.",
            reason="What goes on writing is not down; it may just have no requests.",
        ),
        Param(
            "max_others_ratio",
            0.5,
            "Report where at most this share of the other services was silent too.",
            reason="Where most are silent at once it is what collects that failed, or a node.",
        ),
    ),
    judge=_judge,
    identity=("kind", "service"),
    evidence=(
        *("silence_id", "silent_ms", "is_over", "expected", "sigma", "seen_ms", "before_ratio", "others_ratio"),
        *("calling_ratio", "recorded_ratio", "restarted"),
    ),
    advice="Look at its last records before, and at the first after: a crash, a deploy, a node that was lost.",
)
