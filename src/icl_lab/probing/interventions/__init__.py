"""What happens to the answers when activations are changed: ablation, patching from another prompt, task vectors.

`measuring.py` errors under an intervention, with intervals; `parts.py` what can be ablated; `ablation.py`;
`patching.py`; `together.py` which of many effects are told apart from none; `task_vectors.py`.
"""

from icl_lab.probing.interventions.ablation import AblationEffect, AblationEffects, ablated, ablation_effects
from icl_lab.probing.interventions.measuring import as_sequences
from icl_lab.probing.interventions.parts import Part, parts
from icl_lab.probing.interventions.patching import PatchingEffects, patching_effects
from icl_lab.probing.interventions.task_vectors import TaskVectorEffects, task_vector_effects

__all__ = [
    "AblationEffect",
    "AblationEffects",
    "Part",
    "PatchingEffects",
    "TaskVectorEffects",
    "ablated",
    "ablation_effects",
    "as_sequences",
    "parts",
    "patching_effects",
    "task_vector_effects",
]
