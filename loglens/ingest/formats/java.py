"""Loggers of Java: the layouts of log4j, logback, Spring Boot, Tomcat, Hadoop, Spark, ZooKeeper and Kafka."""

from __future__ import annotations

from loglens.ingest.formats.loggers import JAVA_LEVEL, rows
from loglens.ingest.layout import Layouts
from loglens.ingest.text_log import text_format
from loglens.ingest.time_layouts import (
    DAY_MONTH_NAME,
    ISO,
    SHORT_COMPACT,
    SHORT_YEAR,
    TIME_OF_DAY,
    TimeLayout,
)

_TIMES: tuple[TimeLayout, ...] = (ISO, TIME_OF_DAY, DAY_MONTH_NAME)
_THREAD = r"\[ *(?P<thread>[^\]\n]*?) *\]"
_LOGGER = r"(?P<logger>[A-Za-z_$][\w.$/-]*)"
_TRACED = r"(?:\[(?P<trace_id>[0-9a-f]{16,32})?[-,](?P<span_id>[0-9a-f]{16})?\] )?"
_PATTERNS = {
    "Spring Boot": rf"<time> +{JAVA_LEVEL} (?P<pid>\d+) --- (?:\[(?P<service>[\w-]+)\] )?{_THREAD} {_TRACED}{_LOGGER}"
    r" +: (?P<message>.*)",
    "Spring Cloud Sleuth": rf"<time> +{JAVA_LEVEL} \[(?P<service>[^,\]]*),(?P<trace_id>[0-9a-f]*),"
    rf"(?P<span_id>[0-9a-f]*)(?:,\w*)?\] (?P<pid>\d+) --- {_THREAD} {_LOGGER} +: (?P<message>.*)",
    "logback": rf"<time> {_THREAD} {JAVA_LEVEL} +{_LOGGER} --? (?P<message>.*)",
    "log4j": rf"\[?<time>\]? {JAVA_LEVEL} +{_THREAD} +{_LOGGER} *(?: -|:) (?P<message>.*)",
    "Tomcat": rf"<time> {JAVA_LEVEL} +{_THREAD} +{_LOGGER} (?P<message>.*)",
    "Kafka": rf"\[<time>\] {JAVA_LEVEL} (?P<message>.*) \((?P<logger>[a-z][\w.$]*[.][\w.$]+)\)",
    "ZooKeeper": rf"<time> (?:\[(?P<myid>myid:[^\]]*)\] )?- {JAVA_LEVEL} +\[(?P<thread>[^\n]*?)\] - (?P<message>.*)",
    "log4j without a thread": rf"<time> {JAVA_LEVEL} +(?P<logger>[\w$]+(?:[.][\w$]+)+) *(?: -|:) (?P<message>.*)",
}
_SHORT = {
    "Spark": rf"<time> {JAVA_LEVEL} {_LOGGER}: (?P<message>.*)",
    "HDFS": rf"<time> (?P<thread_number>\d+) {JAVA_LEVEL} {_LOGGER}: (?P<message>.*)",
}

FORMAT = text_format(
    name="java",
    title="loggers of Java: log4j, logback, Spring Boot, Tomcat, Hadoop, Spark",
    marks="a level in capitals behind the time, with a thread in brackets or the name of a class",
    example="2026-01-15T09:00:00.250Z  INFO 17 --- [nio-8080-exec-1] com.example.Orders : order 17 placed\n",
    layouts=Layouts(
        known=(
            *rows(_TIMES, _PATTERNS, attributes={"zookeeper.myid": "{myid}"}),
            *rows((SHORT_YEAR, SHORT_COMPACT), _SHORT),
        ),
        head=rf"^\[?[\d/-]{{0,12}}[^\n]{{6,60}}{JAVA_LEVEL} ",
    ),
    certainty=0.8,
)
