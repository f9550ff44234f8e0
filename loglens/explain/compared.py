"""What is compared: how many requests each side has, how long they take, and why there may be no comparison."""

from __future__ import annotations

from loglens.analysis import Row
from loglens.arrow_columns import flags
from loglens.explain.comparison import NS_PER_MS, Comparison
from loglens.explain.split import exact_sum
from loglens.wording import counted, duration, percent


def compared_row(comparison: Comparison) -> Row:
    """Return the row of the requests themselves."""
    requests, is_tail = comparison.requests, comparison.requests.is_tail
    tails, bodies = comparison.sizes
    means = [
        float(requests.duration_ns[side].mean()) / NS_PER_MS if side.any() else None for side in (is_tail, ~is_tail)
    ]
    begun = requests.start_ns[is_tail & requests.has_start]
    tail, body = _examples(comparison)
    return {
        "part": "requests",
        "service": comparison.values["found_service"],
        "name": comparison.values["found_route"],
        "value": " against ".join(comparison.words),
        "tail_requests": tails,
        "body_requests": bodies,
        "tail_ms": means[0],
        "body_ms": means[1],
        "extra_ms": None if means[0] is None or means[1] is None else means[0] - means[1],
        "tail_ns": exact_sum(requests.duration_ns[is_tail]),
        "body_ns": exact_sum(requests.duration_ns[~is_tail]),
        "first_ts": int(begun.min()) if len(begun) else None,
        "last_ts": int(begun.max()) if len(begun) else None,
        "tail_trace_id": tail,
        "body_trace_id": body,
        "note": _sides(comparison),
    }


def _examples(comparison: Comparison) -> tuple[str | None, str | None]:
    """Return the traces to look at: the slowest and the most typical, or the last that failed and that succeeded."""
    import numpy as np

    requests = comparison.requests
    traced = flags(requests.trace_ids.is_valid())
    worth = requests.start_ns if comparison.is_errors else requests.duration_ns
    found: list[str | None] = []
    for side in (requests.is_tail, ~requests.is_tail):
        rows = np.flatnonzero(side & traced)
        if not len(rows):
            found.append(None)
            continue
        is_typical = side is not requests.is_tail and not comparison.is_errors
        order = np.argsort(worth[rows], kind="stable")
        found.append(comparison.trace_id(int(rows[order[len(order) // 2 if is_typical else -1]])))
    return found[0], found[1]


def _sides(comparison: Comparison) -> str:
    requests, is_tail = comparison.requests, comparison.requests.is_tail
    (tails, bodies), total = comparison.sizes, int(comparison.values["requests"])
    if comparison.is_errors:
        return f"{tails:,} of {counted(total, 'request')} failed ({percent(tails / total)}), {bodies:,} did not."
    if not tails or not bodies:
        return f"{counted(total, 'request')}."
    slow, typical = requests.duration_ns[is_tail], requests.duration_ns[~is_tail]
    low, high = duration(float(typical.min()) / NS_PER_MS), duration(float(typical.max()) / NS_PER_MS)
    return (
        f"{counted(total, 'request')}. Slow: {tails:,}{_depth(comparison)}, from"
        f" {duration(float(slow.min()) / NS_PER_MS)} on. Typical: {bodies:,} that take"
        f" {low if low == high else f'{low} to {high}'}."
    )


def _depth(comparison: Comparison) -> str:
    if comparison.values["slower_than"] is not None:
        return ""
    if comparison.row("cut")["is_tail"]:
        return f" that take {comparison.values['times_median']} times the median or longer"
    return f", the slowest {percent(1 - comparison.values['depth'])}"


def refusal(comparison: Comparison) -> str | None:
    """Say why there is no comparison, where one side is too small for it, and what to do instead."""
    (tails, bodies), least = comparison.sizes, int(comparison.values["least"])
    word, other = comparison.words
    if tails >= least and bodies >= least:
        return None
    if not tails:
        return f"No {word} requests here." if comparison.is_errors else "No request has a duration."
    if not bodies:
        return f"There are no {other} requests to compare with: " + (
            "every one failed." if comparison.is_errors else "all take equally long."
        )
    few = f"{tails:,} {word}" if tails < least else f"{bodies:,} {other}"
    return (
        f"Too few to compare: {few} requests, and {least} are needed. Take in more with an earlier --since or with"
        " `all` as route, or look at single ones with the commands below."
    )
