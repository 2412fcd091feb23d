"""What a run needs to ask by batches, or to read what earlier runs asked by them."""

from collections.abc import Mapping
from concurrent.futures import Executor

from captionjudge.errors import ConfigError
from captionjudge.models.batches import open_batches
from captionjudge.models.batches.job import Batches, Limits
from captionjudge.models.model import Model
from captionjudge.models.registry import find_provider
from captionjudge.running.batches.batching import Batching, BatchOptions
from captionjudge.running.batches.outbox import Sending
from captionjudge.running.budget import Budget
from captionjudge.running.costs import batch_prices_of
from captionjudge.running.lookup import Lookup
from captionjudge.running.progress import Progress
from captionjudge.running.setup import Setup
from captionjudge.store import batch_jobs
from captionjudge.store.writer import Writer


def taken_by(setup: Setup, models: Mapping[str, Model]) -> dict[str, Batches]:
    """The batch endpoints of those models whose provider takes batches.

    Raises:
        ConfigError: there is none, or a provider is said to take batches whose kind has none.
    """
    found: dict[str, Batches] = {}
    for ref, model in models.items():
        provider = find_provider(ref.partition("/")[0], setup.providers)
        if not provider.batch:
            continue
        endpoint = open_batches(model)
        if endpoint is None:
            raise ConfigError(
                f"[providers.{provider.name}] batch = true: the kind {provider.kind!r} takes no batches",
                hint="openai-compatible, anthropic and gemini do",
            )
        found[ref] = endpoint
    if not found:
        raise ConfigError(
            "--batch: none of the models is asked at a provider that takes batches",
            hint="OpenAI, Anthropic and Gemini do; of another server say so: [providers.NAME] batch = true",
        )
    return found


def open_batching(
    setup: Setup,
    options: BatchOptions | None,
    models: Mapping[str, Model],
    writer: Writer,
    owner: str,
    budget: Budget,
    threads: Executor,
    progress: Progress,
) -> Batching | None:
    """The batches of a run; without `options` only what came of earlier ones is read, None where there is nothing.

    Raises:
        ConfigError: see `taken_by`.
    """
    with setup.database.read() as connection:
        stands = batch_jobs.stands(connection, setup.project_id)
    if options is None and not stands:
        return None
    budget.hold(sum(stand.cost for stand in stands))
    endpoints = taken_by(setup, models) if options else {}
    table, chosen = setup.config.batch, options or BatchOptions()
    sending = Sending(
        setup.project_id,
        owner,
        endpoints,
        {ref: _most(each.limits, table.max_requests, table.max_bytes) for ref, each in endpoints.items()},
        batch_prices_of(setup, models),
        writer,
        budget,
        chosen.folder,
        chosen.wait,
        chosen.settle,
        setup.config.run.patience,
        chosen.first_pause,
    )
    lookup = Lookup(setup.database, threads, batch_jobs.of_digests)
    return Batching(setup, lookup, sending, table.poll, progress)


def _most(limits: Limits, requests: int | None, size: int | None) -> Limits:
    return Limits(min(limits.requests, requests or limits.requests), min(limits.size, size or limits.size))
