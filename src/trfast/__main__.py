"""``python -m trfast``: the command line."""

from trfast.cli import main

main(prog_name="trfast")
