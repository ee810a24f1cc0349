"""Sequence models: a backbone is a pattern of blocks, a preset is a pattern with a name.

`mixers/` one sequence mixer a file; `channel_mixers/` one a file; `presets/` the models of the papers; `backbone.py`
the residual stack; `network.py` read-in, backbone and read-out: the predictor; `diagonal_ssm.py`,
`long_convolution.py`, `rotary.py`, `dropout.py` parts that mixers share; `initialisation.py` layers whose weights come
from a given generator.
"""
