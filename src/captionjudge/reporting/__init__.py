"""Reports: what a project came to."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from captionjudge.reporting.checks import active_checks

__all__ = ["active_checks"]


def __getattr__(name: str) -> Any:
    # Imported when first used: a report of counts need not wait for numpy and scipy.
    if name != "active_checks":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from captionjudge.reporting.checks import active_checks

    return active_checks
