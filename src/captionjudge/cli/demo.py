"""demo: the whole job on photographs that ship with the package."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from captionjudge.cli.app import JsonOption
from captionjudge.cli.report import print_report
from captionjudge.cli.review import serve_project
from captionjudge.cli.run import exit_code, print_summary, summary_json
from captionjudge.cli.table import print_json, print_table

if TYPE_CHECKING:
    from captionjudge.project import Project


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(demo)


def demo(
    out: Annotated[Path, typer.Option(help="The folder of the demo project.")] = Path("captionjudge-demo"),
    no_browser: Annotated[
        bool, typer.Option("--no-browser", help="End with the report, without the review page.")
    ] = False,
    json: JsonOption = False,
) -> int:
    """Describe and judge twelve photographs with the embedded models: no key, no account. Then open the review page."""
    from captionjudge.config import CONFIG_FILE
    from captionjudge.demo import photos
    from captionjudge.project import Project
    from captionjudge.review.serve import Place
    from captionjudge.running.progress import display
    from captionjudge.running.runner import Options

    opened = Project.open(out) if (out / CONFIG_FILE).exists() else Project.init(out)
    with opened as project:
        project.import_images(photos())
        summary = project.run(Options(display=display(quiet=json)))
        judgments = out / "judgments.jsonl"
        project.export_jsonl(judgments)
        if json:
            print_json({**summary_json(summary), "judgments": str(judgments)})
        else:
            _print_pairs(project)
            print_report(project.report())
            print_summary(summary)
            typer.echo("The models are small specialised ones, not VLMs: see docs/embedded.md.")
            typer.echo(f"Wrote {out.absolute()}: the project; {judgments.name}: every judgment, a line a pair.")
        if not (json or no_browser):
            serve_project(project, Place(port=0), browser=True)
    return exit_code(summary)


def _print_pairs(project: "Project") -> None:
    rows = []
    for line in project.judgments():
        probability = "" if line["probability"] is None else f" ({line['probability']:.0%})"
        better = {"A": line["a"]["candidate"], "B": line["b"]["candidate"]}.get(line["outcome"], line["outcome"])
        rows.append([line["image"], line["a"]["text"], line["b"]["text"], f"{better}{probability}"])
    if rows:
        print_table(["image", "Terse", "Detailed", "better"], rows)
