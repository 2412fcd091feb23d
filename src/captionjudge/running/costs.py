"""The prices of the models that a run needs."""

from collections.abc import Iterable, Mapping

from captionjudge.errors import ConfigError
from captionjudge.models.price import Price, batch_price_of, price_of
from captionjudge.running.setup import Duty, Setup


def prices(setup: Setup, duties_: Mapping[str, Duty]) -> dict[str, Price | None]:
    """The price of every model that the duties need, None when it is not known."""
    needed = dict.fromkeys(
        ref
        for duty in duties_.values()
        for ref in (
            setup.config.judge.judges if duty.judge else [setup.config.candidate(name).model for name in duty.describe]
        )
        if ref is not None
    )
    return prices_of(setup, needed)


def prices_of(setup: Setup, models: Iterable[str]) -> dict[str, Price | None]:
    """The price of each of these models, as stated or as published; None when it is not known."""
    stated = _stated(setup)
    return {ref: price_of(ref, setup.providers, stated) for ref in models}


def batch_prices_of(setup: Setup, models: Iterable[str]) -> dict[str, Price | None]:
    """The same of requests that go into batches."""
    shares = {ref: table.batch for ref, table in setup.config.prices.items() if "batch" in table.model_fields_set}
    stated = _stated(setup)
    return {ref: batch_price_of(ref, setup.providers, stated, shares) for ref in models}


def check_prices(known: Mapping[str, Price | None], max_cost: float | None) -> None:
    """Check that a limit in money can be kept.

    Raises:
        ConfigError: there is a limit, and a price is not known.
    """
    unknown = [ref for ref, price in known.items() if price is None]
    if max_cost is not None and unknown:
        raise ConfigError(
            f"--max-cost needs the price of {unknown[0]!r}, which is not known",
            hint=f'state it: [prices."{unknown[0]}"] with input = and output = in US dollars per million tokens',
        )


def _stated(setup: Setup) -> dict[str, Price]:
    return {
        ref: Price(table.input, table.output, table.cached_input, table.cache_write)
        for ref, table in setup.config.prices.items()
    }
