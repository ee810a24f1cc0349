"""Probes: what can be read from the residual stream by a small model of its own, beside shuffled targets.

`targets.py` what is looked for; `ridge.py` and `network.py` two kinds of probe; `code_length.py` how easily it is read;
`measure.py` probes over all blocks with held-out prompts, shuffled targets and several seeds.
"""
