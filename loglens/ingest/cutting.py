"""The way of cutting that goes with the shape of a content."""

from __future__ import annotations

from loglens.ingest.content import Content
from loglens.ingest.documents import DocumentPieces
from loglens.ingest.messages import MessagePieces
from loglens.ingest.pieces import CutPieces, LinePieces
from loglens.ingest.reader import Format
from loglens.ingest.records import RecordPieces
from loglens.ingest.sampling import Shape
from loglens.ingest.wrapping import WrappedPieces


def cut(content: Content, shape: Shape, form: Format, first_line: int) -> CutPieces:
    """Return the pieces of a content from where it stands; `first_line` is the line that begins there."""
    hasher = content.hasher()
    match shape:
        case "lines":
            return LinePieces(content, first_line, hasher)
        case "records":
            return RecordPieces(content, first_line, hasher, form.layouts)
        case "wrapped":
            assert form.wrapper is not None
            return WrappedPieces(content, first_line, hasher, form.wrapper)
        case "document":
            return DocumentPieces(content, first_line, hasher)
        case "messages":
            return MessagePieces(content, first_line, hasher)
