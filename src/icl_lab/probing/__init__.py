"""Looking inside a network: named activations, what happens when they are changed, and what can be read from them.

`activations/` names, capture and replacement of activations, the same names for every architecture; `interventions/`
ablation, patching and task vectors; `hidden_attention/` how much each token and example counts for each answer;
`examples.py` which tokens belong to which example.
"""
