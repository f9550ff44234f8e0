"""klog and glog: Kubernetes and others, a letter for the level and no year."""

from __future__ import annotations

from loglens.ingest.formats.loggers import rows
from loglens.ingest.layout import Layouts
from loglens.ingest.text_log import text_format
from loglens.ingest.time_layouts import DIGITS_MONTH_DAY

_PATTERN = (
    r"(?P<level>[DIWEFC])<time> +(?P<thread_number>\d+) (?P<file>[^\s:\]]+):(?P<file_line>\d+)\] ?(?P<message>.*)"
)

FORMAT = text_format(
    name="klog",
    title="klog and glog: Kubernetes",
    marks="a letter for the level, month and day in four digits, and a place in the code that ends with ]",
    example='I0115 09:00:00.250000       1 controller.go:117] "Synced" pod="default/web-0"\n',
    layouts=Layouts(known=tuple(rows((DIGITS_MONTH_DAY,), {"klog": _PATTERN})), head=r"^[DIWEFC]\d{4} \d\d:\d\d:\d\d"),
    certainty=0.95,
)
