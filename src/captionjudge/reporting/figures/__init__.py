"""Every statistic of a judgments file: a module a noun."""

from captionjudge.reporting.figures.basis import Rules
from captionjudge.reporting.figures.items import items
from captionjudge.reporting.figures.whole import figures

__all__ = ["Rules", "figures", "items"]
