"""The card as a file."""

from contextlib import suppress
from pathlib import Path

from captionjudge.errors import ConfigError
from captionjudge.identity import new_id
from captionjudge.reporting.card.build import build
from captionjudge.reporting.card.gallery import show
from captionjudge.reporting.card.page import html
from captionjudge.reporting.card.pictures import Pictures
from captionjudge.reporting.card.read import Read


def write_card(read: Read, pictures: Pictures, out: Path) -> None:
    """Write the page to `out`, all of it or nothing.

    Raises:
        ConfigError: it cannot be written.
    """
    page = html(build(read.material, show(read.gallery, pictures)))
    half = out.with_name(f".{out.name}.{new_id()}")
    try:
        half.write_text(page, encoding="utf-8", errors="replace")
        half.replace(out)
    except OSError as error:
        raise ConfigError(f"cannot write {out}: {error.strerror}") from None
    finally:
        with suppress(OSError):
            half.unlink(missing_ok=True)
