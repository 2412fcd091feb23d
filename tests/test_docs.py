"""What a user can set or call is documented."""

import re
from pathlib import Path

import pytest
import typer.main
from pydantic import BaseModel

from captionjudge import config
from captionjudge.cli.app import app

ROOT = Path(__file__).parents[1]
TABLES: dict[str, type[BaseModel]] = {
    "## Top level": config.Config,
    "## `[[candidates]]`": config.Candidate,
    "## `[judge]`": config.Judge,
    "## `[images]`": config.Images,
    "## `[run]`": config.Run,
    "## `[batch]`": config.Batch,
    "## `[review]`": config.Review,
    "## `[providers.NAME]`": config.ProviderTable,
    '## `[prices."provider/model"]`': config.Price,
    '## `[stages."TITLE"]`': config.StageTable,
}
IN_TABLES_OF_THEIR_OWN = {"candidates", "judge", "images", "run", "batch", "providers", "prices", "stages", "review"}


def _section(heading: str) -> str:
    text = (ROOT / "docs" / "configuration.md").read_text()
    return text.partition(heading)[2].partition("\n## ")[0]


@pytest.mark.parametrize("heading", TABLES)
def test_every_setting_is_documented_in_its_section(heading: str) -> None:
    documented = set(re.findall(r"^\| `(\w+)`", _section(heading), re.MULTILINE))
    fields = TABLES[heading].model_fields.items()
    settings = {info.alias or name for name, info in fields} - (IN_TABLES_OF_THEIR_OWN if "Top" in heading else set())
    assert documented == settings


def _commands() -> list[tuple[str, list[str]]]:
    root = typer.main.get_command(app)
    found: list[tuple[str, list[str]]] = []

    def walk(name: str, command: object) -> None:
        for child, nested in getattr(command, "commands", {}).items():
            walk(f"{name} {child}".strip(), nested)
        if not hasattr(command, "commands"):
            parameters = getattr(command, "params", [])
            options = [option for each in parameters for option in (*each.opts, *each.secondary_opts)]
            found.append((name, [option for option in options if option.startswith("--")]))

    walk("", root)
    return found


@pytest.mark.parametrize(("name", "options"), _commands(), ids=lambda value: value if isinstance(value, str) else "")
def test_every_command_and_option_is_documented(name: str, options: list[str]) -> None:
    lines = [line for line in (ROOT / "docs" / "cli.md").read_text().splitlines() if line.startswith(f"| `{name}")]
    assert len(lines) == 1
    missing = [option for option in options if option not in lines[0] and option not in ("--help", "--project")]
    assert missing == []


@pytest.mark.parametrize(
    "page", [*sorted((ROOT / "docs").glob("*.md")), ROOT / "README.md"], ids=lambda page: page.name
)
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text())
    assert [link for link in links if not (page.parent / link).exists()] == []
