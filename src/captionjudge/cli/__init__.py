"""The command line. One module a group of commands; what they need is imported when they run."""

import sys
from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> None:
    """Run `captionjudge` with these arguments, or those of the process, and exit with its code."""
    from captionjudge.garbage import seldom_collected

    with seldom_collected():
        from captionjudge.cli.app import app, run

        code = run(app, list(sys.argv[1:] if arguments is None else arguments))
    sys.exit(code)
