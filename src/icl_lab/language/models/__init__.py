"""Pretrained language models behind one interface, whatever their architecture: `load("smollm2-135m")`.

`base` says what a model answers; `named` lists models by short names, with the package that holds their weights;
`places` finds the files of a name; `hub` asks once whether the hub is there; `pretrained` loads them with
`transformers` (the only file that imports it); `causal` answers prompts from one state after their common beginning,
which `states` carries and branches.
"""

from icl_lab.language.models.base import LanguageModel
from icl_lab.language.models.named import NAMED, NamedModel
from icl_lab.language.models.places import find, installed
from icl_lab.language.models.pretrained import load

__all__ = ["NAMED", "LanguageModel", "NamedModel", "find", "installed", "load"]
