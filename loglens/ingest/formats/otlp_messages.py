"""The messages of OTLP: the names that the JSON form gives to their fields, and of which kind they are.

Field numbers: opentelemetry-proto 1.10, https://github.com/open-telemetry/opentelemetry-proto. The order of a table
is the order in which its members are written.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Member:
    """A field: its JSON name, and a scalar kind or the name of a message."""

    name: str
    kind: str
    is_list: bool = False


def _members(**fields: str) -> Mapping[int, Member]:
    """Read declarations such as `startTimeUnixNano="7 fixed64"`; `*` behind a kind makes it a list."""
    table = {}
    for name, declared in fields.items():
        number, kind = declared.split()
        table[int(number)] = Member(name, kind.rstrip("*"), kind.endswith("*"))
    return table


MESSAGES: Mapping[str, Mapping[int, Member]] = {
    "AnyValue": _members(
        stringValue="1 string", boolValue="2 bool", intValue="3 int64", doubleValue="4 double",
        arrayValue="5 ArrayValue", kvlistValue="6 KeyValueList", bytesValue="7 bytes",
    ),
    "ArrayValue": _members(values="1 AnyValue*"),
    "KeyValueList": _members(values="1 KeyValue*"),
    "KeyValue": _members(key="1 string", value="2 AnyValue"),
    "EntityRef": _members(schemaUrl="1 string", type="2 string", idKeys="3 string*", descriptionKeys="4 string*"),
    "Resource": _members(attributes="1 KeyValue*", droppedAttributesCount="2 uint32", entityRefs="3 EntityRef*"),
    "Scope": _members(name="1 string", version="2 string", attributes="3 KeyValue*", droppedAttributesCount="4 uint32"),
    "Span": _members(
        traceId="1 id", spanId="2 id", traceState="3 string", parentSpanId="4 id", flags="16 fixed32", name="5 string",
        kind="6 uint32", startTimeUnixNano="7 fixed64", endTimeUnixNano="8 fixed64", attributes="9 KeyValue*",
        droppedAttributesCount="10 uint32", events="11 Event*", droppedEventsCount="12 uint32", links="13 Link*",
        droppedLinksCount="14 uint32", status="15 Status",
    ),
    "Event": _members(
        timeUnixNano="1 fixed64", name="2 string", attributes="3 KeyValue*", droppedAttributesCount="4 uint32"
    ),
    "Link": _members(
        traceId="1 id", spanId="2 id", traceState="3 string", attributes="4 KeyValue*",
        droppedAttributesCount="5 uint32", flags="6 fixed32",
    ),
    "Status": _members(message="2 string", code="3 uint32"),
    "LogRecord": _members(
        timeUnixNano="1 fixed64", observedTimeUnixNano="11 fixed64", severityNumber="2 uint32",
        severityText="3 string", body="5 AnyValue", attributes="6 KeyValue*", droppedAttributesCount="7 uint32",
        flags="8 fixed32", traceId="9 id", spanId="10 id", eventName="12 string",
    ),
    "Metric": _members(
        name="1 string", description="2 string", unit="3 string", gauge="5 Gauge", sum="7 Sum", histogram="9 Histogram",
        exponentialHistogram="10 ExponentialHistogram", summary="11 Summary", metadata="12 KeyValue*",
    ),
    "Gauge": _members(dataPoints="1 NumberDataPoint*"),
    "Sum": _members(dataPoints="1 NumberDataPoint*", aggregationTemporality="2 uint32", isMonotonic="3 bool"),
    "Histogram": _members(dataPoints="1 HistogramDataPoint*", aggregationTemporality="2 uint32"),
    "ExponentialHistogram": _members(
        dataPoints="1 ExponentialHistogramDataPoint*", aggregationTemporality="2 uint32"
    ),
    "Summary": _members(dataPoints="1 SummaryDataPoint*"),
    "NumberDataPoint": _members(
        attributes="7 KeyValue*", startTimeUnixNano="2 fixed64", timeUnixNano="3 fixed64", asDouble="4 double",
        asInt="6 sfixed64", exemplars="5 Exemplar*", flags="8 uint32",
    ),
    "HistogramDataPoint": _members(
        attributes="9 KeyValue*", startTimeUnixNano="2 fixed64", timeUnixNano="3 fixed64", count="4 fixed64",
        sum="5 double", bucketCounts="6 fixed64*", explicitBounds="7 double*", exemplars="8 Exemplar*",
        flags="10 uint32", min="11 double", max="12 double",
    ),
    "ExponentialHistogramDataPoint": _members(
        attributes="1 KeyValue*", startTimeUnixNano="2 fixed64", timeUnixNano="3 fixed64", count="4 fixed64",
        sum="5 double", scale="6 sint32", zeroCount="7 fixed64", positive="8 Buckets", negative="9 Buckets",
        flags="10 uint32", exemplars="11 Exemplar*", min="12 double", max="13 double", zeroThreshold="14 double",
    ),
    "Buckets": _members(offset="1 sint32", bucketCounts="2 uint64*"),
    "SummaryDataPoint": _members(
        attributes="7 KeyValue*", startTimeUnixNano="2 fixed64", timeUnixNano="3 fixed64", count="4 fixed64",
        sum="5 double", quantileValues="6 ValueAtQuantile*", flags="8 uint32",
    ),
    "ValueAtQuantile": _members(quantile="1 double", value="2 double"),
    "Exemplar": _members(
        filteredAttributes="7 KeyValue*", timeUnixNano="2 fixed64", asDouble="3 double", asInt="6 sfixed64",
        spanId="4 id", traceId="5 id",
    ),
}  # fmt: skip
