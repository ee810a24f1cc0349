"""Named activations: which there are, and how to read and replace them without changing the network.

`grammar.py` the names and what they mean; `listing.py` which of them a network has; `inner.py` what happens inside a
mixer; `capture.py` reading; `replacement.py` replacing.
"""

from icl_lab.probing.activations.capture import capture
from icl_lab.probing.activations.grammar import inner_name, mixer_name, residual_name, stream
from icl_lab.probing.activations.listing import Activation, listed, names
from icl_lab.probing.activations.replacement import replaced

__all__ = [
    "Activation",
    "capture",
    "inner_name",
    "listed",
    "mixer_name",
    "names",
    "replaced",
    "residual_name",
    "stream",
]
