"""`python -m street110` is the `street110` command."""

from street110.cli import main

main()
