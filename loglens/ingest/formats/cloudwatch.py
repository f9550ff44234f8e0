"""Exports of AWS CloudWatch Logs: many events in one value, around messages of any format.

A subscription sends `logEvents`, the commands get-log-events and filter-log-events print `events`, a query of Logs
Insights gives `results`.
"""

from __future__ import annotations

import re

from loglens.ingest.reader import Format, Reading, Sample

_BEGINS = re.compile(
    rb'\s*(?:\{\s*"(?:messageType|owner|logGroup|logStream)"\s*:.{0,4096}?"logEvents"\s*:\s*\['
    rb'|\{\s*"events"\s*:\s*\[\s*\{.{0,65536}?"(?:ingestionTime|eventId|logStreamName)"\s*:'
    rb'|\{\s*"results"\s*:\s*\[\s*\[\s*\{\s*"field"\s*:)',
    re.DOTALL,
)


def sniff(sample: Sample) -> float:
    """Return how sure it is that a content is such an export, by how it begins: one value may be all of it."""
    return 0.96 if _BEGINS.match(sample.head) else 0.0


def read(reading: Reading) -> None:
    """Read the events into `logs`, each as what its message is, and what is no export into `rejects`."""
    from loglens.ingest.formats.cloudwatch_events import read_events

    read_events(reading)


FORMAT = Format(
    name="cloudwatch",
    title="exports of AWS CloudWatch Logs, around messages of any format",
    marks="a member logEvents with a group and a stream, events with their ingestionTime, or results of fields",
    example='{"messageType":"DATA_MESSAGE","owner":"123456789012","logGroup":"/aws/lambda/shop-api","logStream":"1",'
    '"subscriptionFilters":["all"],"logEvents":[{"id":"3627","timestamp":1768467600250,'
    '"message":"{\\"level\\":\\"info\\",\\"message\\":\\"started\\"}"}]}\n',
    sniff=sniff,
    read=read,
)
