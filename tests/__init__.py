"""The run-time checker of signatures in the tests: beartype, with an int accepted where a float is wanted (PEP 484)."""

from beartype import BeartypeConf, beartype

checker = beartype(conf=BeartypeConf(is_pep484_tower=True))
