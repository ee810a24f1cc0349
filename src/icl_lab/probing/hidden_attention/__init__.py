"""How much each token and each example counts for each answer: attention, and the matrix that a recurrence implies.

`weights.py` what every mixer reads; `influence.py` derivatives, which exist for every architecture.
"""

from icl_lab.probing.hidden_attention.influence import answer_influence, mixer_influence
from icl_lab.probing.hidden_attention.weights import BlockAttention, HiddenAttention, hidden_attention

__all__ = ["BlockAttention", "HiddenAttention", "answer_influence", "hidden_attention", "mixer_influence"]
