"""`python -m imis_sandbox`."""

from imis_sandbox.cli import main

main(prog_name="imis-sandbox")
