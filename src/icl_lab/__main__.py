"""`python -m icl_lab` is `icl`."""

from icl_lab.cli import main

main()
