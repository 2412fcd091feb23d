"""Stages of one's own: plain async functions whose arguments are found by their types.

    @project.stage("Check")
    async def check(image: Item, descriptions: Descriptions) -> str:
        return "Good" if descriptions else "Bad"

| type           | what is given                                          |
|----------------|--------------------------------------------------------|
| `Item`         | the image                                              |
| `Descriptions` | its descriptions, a tuple of items, oldest first       |
| `EncodedImage` | its bytes, within bounds, ready to be sent             |
| `Task`         | the task                                               |
| `Setup`        | the project: store, ontology, workflow, configuration  |
| `Asker`        | the way to ask models, with cache, retries and budget  |
| `Work`         | all of these                                           |
"""

import inspect
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, get_type_hints

from captionjudge.errors import ConfigError
from captionjudge.images import EncodedImage
from captionjudge.running.ask import Asker
from captionjudge.running.setup import Setup
from captionjudge.running.stage import Handler, StageFailed, Step, Work
from captionjudge.store.records import Item, Task


class Descriptions(tuple[Item, ...]):
    """An image's descriptions, oldest first."""

    __slots__ = ()


_GIVEN: Mapping[type[Any], Callable[[Work], Any]] = {
    Item: lambda work: work.item,
    Descriptions: lambda work: Descriptions(work.descriptions),
    Task: lambda work: work.task,
    Setup: lambda work: work.setup,
    Asker: lambda work: work.asker,
    Work: lambda work: work,
}


def handler_from(function: Callable[..., Awaitable[str]]) -> Handler:
    """A handler that calls `function` with what its arguments' types ask for.

    Raises:
        ConfigError: it is not an async function, or an argument has no type or one that nothing is known for.
    """
    name = getattr(function, "__name__", repr(function))
    if not inspect.iscoroutinefunction(function):
        raise ConfigError(f"the stage function {name} is not async", hint=f"write: async def {name}(…)")
    wanted = _wanted(function, name)

    async def handle(work: Work) -> Step:
        arguments = {
            argument: await work.picture.get() if kind is EncodedImage else _GIVEN[kind](work)
            for argument, kind in wanted.items()
        }
        pathway = await function(**arguments)
        if not isinstance(pathway, str):
            raise StageFailed("pathway", f"{name} returned {pathway!r} instead of a pathway's name")
        return Step(pathway)

    return handle


def _wanted(function: Callable[..., Awaitable[str]], name: str) -> dict[str, type[Any]]:
    hints = get_type_hints(function)
    wanted: dict[str, type[Any]] = {}
    for argument in inspect.signature(function).parameters:
        kind = hints.get(argument)
        if kind is None or (kind is not EncodedImage and kind not in _GIVEN):
            types: tuple[type[Any], ...] = (*_GIVEN, EncodedImage)
            known = ", ".join(sorted(each.__name__ for each in types))
            raise ConfigError(
                f"the stage function {name}: argument {argument!r} has "
                f"{'no type' if kind is None else f'the type {kind!r}, of which nothing is known'}",
                hint=f"types that are known: {known}",
            )
        wanted[argument] = kind
    return wanted
