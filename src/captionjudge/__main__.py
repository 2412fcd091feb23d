"""`python -m captionjudge`."""

from captionjudge.cli import main

main()
