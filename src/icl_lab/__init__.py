"""icl-lab: a laboratory for in-context learning.

import icl_lab as icl

task = icl.task("linear_regression", dim=5, length=21)
model = icl.train(icl.model("mambaformer"), task, steps=1500)
icl.learning_curve([model, icl.baseline("least_squares")], task).plot()
"""

from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

from icl_lab.core.errors import UserError

if TYPE_CHECKING:
    from icl_lab.api import baseline, learning_curve, model, start, task, train, trained

__all__ = ["UserError", "__version__", "baseline", "learning_curve", "model", "start", "task", "train", "trained"]

try:
    __version__ = version("icl-lab")
except PackageNotFoundError:  # run from a source tree that is not installed
    __version__ = "0"


def __getattr__(name: str) -> Any:
    # Imported at first use: `icl --help` and `icl_lab.core` need no torch model to be loaded.
    if name in __all__:
        return getattr(import_module("icl_lab.api"), name)
    raise AttributeError(f"module 'icl_lab' has no attribute {name!r}")
