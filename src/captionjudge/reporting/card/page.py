"""The card as one HTML file that needs nothing else: no network, no script, no font."""

import base64
import hashlib
from functools import cache
from importlib import resources

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from captionjudge.reporting.card.build import Card
from captionjudge.reporting.card.gallery import drawn_words

_SHEETS = ("base.css", "figures.css", "card.css")


def html(card: Card) -> str:
    """The page. Nothing may be loaded by it: its content security policy allows its own style and embedded pictures."""
    style = _style()
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = f"default-src 'none'; img-src data:; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    template = _templates().get_template("card/document.html")
    return template.render(card=card, style=Markup(style), policy=policy, drawn_words=drawn_words())


@cache
def _style() -> str:
    folder = resources.files("captionjudge.reporting") / "static"
    return "".join((folder / name).read_text(encoding="utf-8") for name in _SHEETS)


@cache
def _templates() -> Environment:
    """Everything put into the templates is escaped."""
    return Environment(
        loader=PackageLoader("captionjudge.reporting"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
