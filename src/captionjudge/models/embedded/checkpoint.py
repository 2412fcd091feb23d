"""Reads a PyTorch checkpoint without PyTorch, and runs nothing that is in it."""

import collections
import pickle
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from msgspec import Struct
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

from captionjudge.errors import ConfigError

Array = NDArray[Any]

DTYPES: Mapping[str, type[np.generic]] = {
    "FloatStorage": np.float32,
    "HalfStorage": np.float16,
    "DoubleStorage": np.float64,
    "LongStorage": np.int64,
    "IntStorage": np.int32,
    "ByteStorage": np.uint8,
}


def read_checkpoint(path: Path) -> dict[str, Array]:
    """Every tensor of a state dict saved by `torch.save` in its format before PyTorch 1.6, by name."""
    try:
        with path.open("rb") as file:
            return _read(file)
    except (pickle.UnpicklingError, AttributeError, KeyError, ValueError, EOFError, OSError, struct.error) as error:
        raise ConfigError(
            f"cannot read the weights in {str(path)!r}: {error}", hint="install the package that holds them again"
        ) from error


def _read(file: BinaryIO) -> dict[str, Array]:
    for _ in range(3):  # magic number, protocol version, system information
        _Unpickler(file).load()
    tensors: dict[str, _Tensor] = _Unpickler(file).load()
    dtypes = {tensor.storage.key: np.dtype(tensor.storage.dtype) for tensor in tensors.values()}
    storages = {}
    for key in _Unpickler(file).load():
        (count,) = struct.unpack("<q", file.read(8))
        storages[key] = np.frombuffer(file.read(count * dtypes[key].itemsize), dtypes[key])
    return {name: _array(tensor, storages[tensor.storage.key]) for name, tensor in tensors.items()}


class _Storage(Struct, frozen=True):
    dtype: type[np.generic]
    key: str


class _Tensor(Struct, frozen=True):
    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


def _array(tensor: _Tensor, flat: Array) -> Array:
    last = tensor.offset + sum((size - 1) * step for size, step in zip(tensor.shape, tensor.strides, strict=True))
    if tensor.offset < 0 or min(tensor.strides, default=0) < 0 or last >= flat.size:
        raise ValueError(f"a tensor of shape {tensor.shape} reaches outside its storage")
    steps = [step * flat.itemsize for step in tensor.strides]
    return as_strided(flat[tensor.offset :], tensor.shape, steps).copy()


def _rebuild(storage: _Storage, offset: int, shape: tuple[int, ...], strides: tuple[int, ...], *_: object) -> _Tensor:
    return _Tensor(storage, offset, tuple(shape), tuple(strides))


class _Unpickler(pickle.Unpickler):
    """Knows tensors and ordered dicts, and nothing else: a pickle could name any callable."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("collections", "OrderedDict"):
            return collections.OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _rebuild
        if module == "torch" and name in DTYPES:
            return DTYPES[name]
        raise pickle.UnpicklingError(f"{module}.{name} is not part of a state dict")

    def persistent_load(self, pid: Any) -> _Storage:
        return _Storage(pid[1], str(pid[2]))
