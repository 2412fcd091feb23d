"""Tables as files to be saved."""

from collections.abc import Iterable, Iterator

from fastapi.responses import StreamingResponse

from captionjudge.cell import Value
from captionjudge.reporting.sheet import Sheet, csv_bytes


def csv_response(name: str, columns: Iterable[str], rows: Iterable[Iterable[Value]]) -> StreamingResponse:
    """A CSV file to be saved."""
    return attachment(f"{name}.csv", "text/csv; charset=utf-8", csv_bytes(columns, rows))


def attachment(name: str, mime: str, content: Iterator[bytes]) -> StreamingResponse:
    """A file to be saved. Its name is ours: nothing of the project's is in it."""
    headers = {"content-disposition": f'attachment; filename="{name}"'}
    return StreamingResponse(content, media_type=mime, headers=headers)


def sheet_response(sheet: Sheet) -> StreamingResponse:
    """A sheet as a CSV file, without its drawings."""
    kept = [place for place in range(len(sheet.columns)) if not any(row[place].drawing for row in sheet.rows)]
    rows = ([row[place].value for place in kept] for row in sheet.rows)
    return csv_response(sheet.key, [sheet.columns[place] for place in kept], rows)
