"""Batches set aside while an INSERT of others runs."""

from __future__ import annotations

import tempfile
from typing import IO, Self

import pyarrow as pa

KEPT_IN_MEMORY_BYTES = 8 << 20


class Spool:
    """Batches to be read later, compressed; what exceeds some megabytes waits on disk. Without any there is no file."""

    def __init__(self, schema: pa.Schema) -> None:
        self._schema = schema
        self._file: IO[bytes] | None = None
        self._writer: pa.RecordBatchStreamWriter | None = None
        self.rows = 0

    def __enter__(self) -> Self:
        """Give itself, to be closed at the end."""
        return self

    def __exit__(self, *_: object) -> None:
        """Forget what was set aside."""
        self.close()

    def add(self, batch: pa.RecordBatch) -> None:
        """Set a batch aside."""
        if self._writer is None:
            self._file = tempfile.SpooledTemporaryFile(max_size=KEPT_IN_MEMORY_BYTES)  # noqa: SIM115
            options = pa.ipc.IpcWriteOptions(compression="lz4")
            self._writer = pa.ipc.new_stream(self._file, self._schema, options=options)
        self._writer.write_batch(batch)
        self.rows += batch.num_rows

    def read(self) -> pa.RecordBatchReader:
        """Return all that was set aside, from its beginning; nothing can be added after that."""
        if self._writer is None or self._file is None:
            return pa.RecordBatchReader.from_batches(self._schema, ())
        self._writer.close()
        self._file.seek(0)
        return pa.ipc.open_stream(self._file)

    def close(self) -> None:
        """Forget what was set aside, but how many rows it was."""
        if self._file is not None:
            self._file.close()
