"""The application: its commands, its errors, its exit codes."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from captionjudge import __version__
from captionjudge.errors import CaptionjudgeError, StoreError

if TYPE_CHECKING:
    from captionjudge.project import Project

OK, SOME_FAILED, USAGE, INTERRUPTED = 0, 1, 2, 130
DEBUG_VARIABLE = "CAPTIONJUDGE_DEBUG"

app = typer.Typer(
    name="captionjudge",
    help="Find out which image description is better, why, and how sure you can be.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

ProjectOption = Annotated[Path | None, typer.Option("--project", help="The project's folder.", show_default="here")]
FolderArgument = Annotated[
    Path | None, typer.Argument(metavar="[DIR]", help="The project's folder.", show_default=False)
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]


def _say_version(asked: bool) -> None:
    if asked:
        typer.echo(f"captionjudge {__version__}")
        raise typer.Exit


@app.callback()
def _everywhere(
    debug: Annotated[bool, typer.Option("--debug", help="Show the trace of an error.")] = False,
    version: Annotated[
        bool, typer.Option("--version", help="Show the version.", callback=_say_version, is_eager=True)
    ] = False,
) -> None:
    if debug:
        os.environ[DEBUG_VARIABLE] = "1"


def run(application: typer.Typer, arguments: Sequence[str]) -> int:
    """Run a command. Errors are one line: what, where, what to do.

    Returns:
        0 ok, 1 some work failed, 2 usage, 130 interrupted.
    """
    try:
        result = application(list(arguments), standalone_mode=False)
    except CaptionjudgeError as error:
        if os.environ.get(DEBUG_VARIABLE):
            raise
        complain(str(error), error.hint)
        return SOME_FAILED if isinstance(error, StoreError) else USAGE
    except typer.Abort:
        return INTERRUPTED
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read the output has seen enough; nothing more may be written, not by the interpreter's exit either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OK
    except Exception as error:
        if type(error).__module__.partition(".")[0] not in ("click", "typer") or not hasattr(error, "show"):
            raise
        error.show()
        return int(getattr(error, "exit_code", USAGE))
    return result if isinstance(result, int) else OK


def complain(message: str, hint: str = "") -> None:
    """Print an error and what to do about it."""
    typer.echo(f"captionjudge: {message}", err=True)
    if hint:
        typer.echo(f"  {hint}", err=True)


def open_project(folder: Path | None, option: Path | None) -> "Project":
    """The project named by the first argument or by --project, or the one in the current folder."""
    from captionjudge.project import Project

    return Project.open(folder or option or Path())


def _register() -> None:
    # Each module adds its commands to the application.
    from captionjudge.cli import (
        audit,
        demo,
        encord,
        export,
        imports,
        ontology,
        project,
        report,
        review,
        run,
        serve,
        workflow,
    )

    for module in (demo, project, imports, run, review, serve, report, export, audit):
        module.register(app)
    app.add_typer(ontology.app, name="ontology")
    app.add_typer(workflow.app, name="workflow")
    app.add_typer(review.users, name="users")
    app.add_typer(serve.keys, name="keys")
    app.add_typer(encord.app, name="encord")


_register()
