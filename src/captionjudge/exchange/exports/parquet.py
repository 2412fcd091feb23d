"""Rows as Parquet: one file a split, pictures in it or beside it."""

from collections.abc import Callable, Iterable
from contextlib import ExitStack
from typing import TYPE_CHECKING

import orjson

from captionjudge.errors import ConfigError
from captionjudge.exchange.exports.columns import FILE_NAME, Columns, Type, beside, features
from captionjudge.exchange.exports.folder import Folder
from captionjudge.exchange.exports.groups import Group
from captionjudge.exchange.exports.rows import Row, Rows
from captionjudge.exchange.exports.tally import Tally

if TYPE_CHECKING:
    import pyarrow as pa

_ROWS, _BYTES = 1000, 32_000_000


class _File:
    """The file of one split. Rows are written in groups that are small enough to be held in memory."""

    def __init__(self, open_files: ExitStack, folder: Folder, name: str, schema: "pa.Schema") -> None:
        import pyarrow.parquet as pq

        self._schema = schema
        self._rows: list[Row] = []
        self._size = 0
        self._file = open_files.enter_context(pq.ParquetWriter(folder.file(name), schema, compression="zstd"))

    def add(self, row: Row, size: int) -> None:
        self._rows.append(row)
        self._size += size
        if len(self._rows) >= _ROWS or self._size >= _BYTES:
            self.flush()

    def flush(self) -> None:
        import pyarrow as pa

        if self._rows:
            self._file.write_table(pa.Table.from_pylist(self._rows, schema=self._schema))
        self._rows, self._size = [], 0


def write_embedded(groups: Iterable[Group], folder: Folder, tally: Tally, rows: Rows, columns: Columns) -> None:
    """Write SPLIT.parquet with the pictures in the rows. Its schema says which column `datasets` is to decode.

    Args:
        columns: the first is the picture's, a picture or a list of one.

    Raises:
        ConfigError: pyarrow is not installed.
    """
    column, kind = next(iter(columns.items()))

    def embedded(group: Group) -> tuple[Row, int]:
        picture = group.picture
        cell = {"bytes": picture.data, "path": picture.path.rpartition("/")[2]}
        return {column: [cell] if isinstance(kind, list) else cell}, len(picture.data)

    _write(groups, folder, tally, rows, columns, "{}.parquet", embedded)


def write_beside(groups: Iterable[Group], folder: Folder, tally: Tally, rows: Rows, columns: Columns) -> None:
    """Write SPLIT/metadata.parquet and the pictures beside it, as `datasets` reads a folder of images.

    Args:
        columns: the first is the picture's; it is written as the picture's path.

    Raises:
        ConfigError: pyarrow is not installed.
    """
    column, *_ = columns
    named = {f"{name}{FILE_NAME}" if name == column else name: kind for name, kind in beside(columns).items()}

    def put(group: Group) -> tuple[Row, int]:
        tally.images[group.split] += folder.put(group.picture, under=group.split)
        return {f"{column}{FILE_NAME}": group.picture.path}, 0

    _write(groups, folder, tally, rows, named, "{}/metadata.parquet", put)


def _write(
    groups: Iterable[Group],
    folder: Folder,
    tally: Tally,
    rows: Rows,
    columns: Columns,
    name: str,
    pictured: Callable[[Group], tuple[Row, int]],
) -> None:
    require_pyarrow()
    schema = arrow_schema(columns)
    files: dict[str, _File] = {}
    with ExitStack() as open_files:
        for group in groups:
            for row in rows(group, tally):
                picture, size = pictured(group)
                tally.rows[group.split] += 1
                if group.split not in files:
                    files[group.split] = _File(open_files, folder, name.format(group.split), schema)
                files[group.split].add(picture | row, size + len(orjson.dumps(row)))
        for file in files.values():
            file.flush()


def require_pyarrow() -> None:
    """Raise ConfigError where pyarrow cannot be imported."""
    try:
        import pyarrow.parquet  # noqa: F401
    except ImportError:
        raise ConfigError(
            "Parquet is written with pyarrow, which is not installed", hint='pip install "captionjudge[parquet]"'
        ) from None


def arrow_schema(columns: Columns) -> "pa.Schema":
    """The Arrow schema of columns, with what `datasets` reads of it."""
    import pyarrow as pa

    about = orjson.dumps({"info": {"features": {name: features(kind) for name, kind in columns.items()}}})
    return pa.schema([(name, _arrow(kind)) for name, kind in columns.items()], metadata={"huggingface": about})


def _arrow(kind: Type) -> "pa.DataType":
    import pyarrow as pa

    if isinstance(kind, list):
        return pa.list_(_arrow(kind[0]))
    if isinstance(kind, dict):
        return pa.struct([(name, _arrow(one)) for name, one in kind.items()])
    if kind == "image":
        return pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    return {"string": pa.string(), "float64": pa.float64(), "int64": pa.int64(), "bool": pa.bool_()}[kind]
