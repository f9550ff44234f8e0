"""The log files of Docker (json-file): a value for each line, its stream, its time; a long line in several of them."""

from __future__ import annotations

from loglens.ingest.layout import Wrapper
from loglens.ingest.wrapping import wrapping_format

# Lines with more around them, such as labels, are for the reader of JSON logs, which keeps all of it.
FORMAT = wrapping_format(
    name="docker",
    title="log files of Docker (json-file), around lines of any format",
    marks="members log, stream and time, and no other, on every line",
    example='{"log":"{\\"level\\":\\"info\\",\\"message\\":\\"started\\"}\\n","stream":"stdout",'
    '"time":"2026-01-15T09:00:00.25Z"}\n'
    '{"log":"a line that was ","stream":"stderr","time":"2026-01-15T09:00:01.25Z"}\n'
    '{"log":"cut in two\\n","stream":"stderr","time":"2026-01-15T09:00:01.25Z"}\n',
    wrapper=Wrapper(
        r'^\{"log":"(?P<text>(?:[^"\\]|\\.)*)","stream":"(?P<stream>stdout|stderr)",'
        r'"time":"(?P<time>\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d))"\}$',
        is_escaped=True,
    ),
)
