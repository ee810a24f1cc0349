"""Everything that is looked at in a trained network, as records: what `icl probe` and studies ask for.

`spec.py` what is asked; `depth.py` read-out and likeness over blocks and examples; `probed.py` probes; `changed.py`
interventions and hidden attention; `whole.py` all of it, for any task.
"""
