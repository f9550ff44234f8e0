"""Log flood: one message below an error is written so often that it drowns what else its service says.

template │            ▆███▇
         │  ▁     ▁  ▁█████▁      ▁
the rest │▁▂▁▂▁▁▂▁▁▂▁▁▂▁▂▁▁▂▁▁▂▁▁▂▁▂
         └───────────┬────┬─────────
                 onset    end
"""

from __future__ import annotations

from loglens.analyses import volume
from loglens.analysis import Param, Row
from loglens.detector import Detector, Values, Verdict, at_least, at_most
from loglens.levels import LEVELS
from loglens.text import cut
from loglens.volume.drawing import much
from loglens.volume.thresholds import THRESHOLDS
from loglens.wording import percent

_SUBJECT = 80
_ERROR = next(name for name, number in LEVELS.items() if number == 17)


def _judge(row: Row, values: Values) -> Verdict:
    excess = None if row["records"] is None else row["records"] - row["expected"]
    times = row["times"]
    # Who is asked more often says more.
    beyond = None if times is None else times / max(row["traffic_times"] or 1.0, 1.0)
    is_below = _number(row["kind"] == "template" and (row["level"] or "").lower() not in {_ERROR, "fatal"}, times)
    gates = (
        at_least(values, "sigma", row["sigma"], "sigmas", of_all=True),
        at_least(values, "min_excess", excess, "records beyond the expected", of_all=True),
        at_least(values, "min_times", beyond, "times the expected, for each request", of_all=True),
        at_least(values, "min_share_ratio", row["share_ratio"], "share of all that its service wrote", of_all=True),
        at_most(values, "max_alike", row["alike"], "bursts like it", of_all=True),
        at_least(values, "min_below_error", is_below, "of one template below the level of errors", of_all=True),
    )
    if not all(gate.is_passed for gate in gates):
        return Verdict(gates)
    new = " It was never written before." if row["is_new"] else ""
    return Verdict(
        gates,
        severity="warning",
        subject=cut(row["template"], _SUBJECT),
        summary=f"{much(row)} That is {percent(row['share_ratio'])} of all that the service wrote meanwhile.{new}",
        is_spell=True,
    )


def _number(is_so: bool, known: float | None) -> float | None:
    return None if known is None else float(is_so)


DETECTOR = Detector(
    name="log_flood",
    title="Log flood",
    problem="One message below an error is written so often that it drowns what else its service says.",
    watches=volume.ANALYSIS,
    params=(
        *(param for param in THRESHOLDS if param.name == "sigma"),
        Param(
            "min_excess",
            500.0,
            "Report where there are at least this many records beyond the expected.",
            reason="Fewer can be scrolled over.",
        ),
        Param(
            "min_times",
            10.0,
            "Report where there are at least this many times the expected, for each request that the service answered.",
            reason="What is written with every request doubles with the traffic; ten times as much is a loop.",
        ),
        Param(
            "min_share_ratio",
            0.5,
            "Report where it is at least this share of all that its service wrote meanwhile.",
            reason="What is less than all else together drowns nothing.",
        ),
        Param(
            "max_alike",
            1,
            "Report where at most this many others like it are in the data.",
            reason="What comes three times in much the same way is a job that says a lot.",
        ),
        Param(
            "min_below_error",
            1,
            "1: leave out what is logged as an error, which error_burst judges; 0: take it too.",
            reason="One problem is told once.",
        ),
    ),
    judge=_judge,
    identity=("kind", "service", "template_id"),
    evidence=(
        *("volume_id", "template_id", "template", "level", "records", "expected", "times", "per_second"),
        *("share_ratio", "traffic_times", "alike", "sigma", "onset_low_ts", "onset_high_ts", "is_new", "example"),
    ),
    advice="Look at what writes it: a loop without a pause, a client that connects at once again, a level of debug.",
)
