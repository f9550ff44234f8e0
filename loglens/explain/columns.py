"""The columns of `why`, apart from what computes them, so that help needs nothing else."""

from __future__ import annotations

from collections.abc import Mapping

COLUMNS: Mapping[str, str] = {
    "part": "verdict, requests (what is compared), component, kind, failure, attribute, time, or note.",
    "service": "Service that answered; of a component or a failure its own.",
    "name": "The route; the operation of a component or a failure; the name of an attribute.",
    "value": "The values of an attribute, the kind of a component, or the error of a failure.",
    "and_name": "The second attribute of a pair.",
    "and_value": "Its values.",
    "tail_requests": "Slow or failed requests with it.",
    "body_requests": "Typical or successful requests with it.",
    "tail_ratio": "Share of the slow or failed requests.",
    "body_ratio": "Share of the typical or successful requests.",
    "risk": "How many times as likely a request with it is to be slow or failed: the risk ratio.",
    "low_risk": "Its lower 95 % limit.",
    "auc": "Of an amount: how often that of a slow or failed request lies above that of another; 0.5 by chance.",
    "p": "Probability of such a difference by chance.",
    "q": "The same for all that was tested together (Benjamini-Hochberg).",
    "tail_ms": "Mean time on the critical path of slow requests; of the requests, their mean duration.",
    "body_ms": "The same of typical requests.",
    "extra_ms": "What slow requests take more; the components add up to the requests.",
    "low_extra_ms": "Lower 95 % limit of extra_ms.",
    "high_extra_ms": "Upper 95 % limit of extra_ms.",
    "extra_ratio": "Share of all that slow requests take more.",
    "more_calls_ms": "The part of extra_ms that comes from more calls.",
    "slower_calls_ms": "The part of extra_ms that comes from slower calls.",
    "tail_calls": "Calls in a slow request, on average.",
    "body_calls": "Calls in a typical request, on average.",
    "tail_ns": "Time of all slow requests together; the components add up to the requests, to the nanosecond.",
    "body_ns": "The same of all typical requests.",
    "first_ts": "When the first of the slow or failed ones began.",
    "last_ts": "When the last of them began.",
    "tail_trace_id": "A slow or failed request with it; of the requests, the slowest or the last that failed.",
    "body_trace_id": "A typical or successful request.",
    "note": "In words.",
}
