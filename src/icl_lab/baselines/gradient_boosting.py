"""Gradient boosting: trees that each correct the sum of those before (Chen & Guestrin 2016; Grazzi et al. 2024)."""

from collections.abc import Sequence
from dataclasses import dataclass
from types import ModuleType

from jaxtyping import Float
from torch import Tensor

from icl_lab.baselines.base import BASELINES, ExampleBaseline
from icl_lab.core.bounds import Count, Fraction
from icl_lab.core.errors import UserError


@BASELINES.register
@dataclass(frozen=True, kw_only=True)
class GradientBoosting(ExampleBaseline):
    """XGBoost, fitted to the examples before the query; the defaults are the library's, as in the published figure 2c.

    One fit a prompt and prefix, one after the other on one thread: some 20 ms each.

    Args:
        trees: Rounds of boosting.
        max_depth: Splits between the root of a tree and a leaf.
        rate: Share of each tree that is added, XGBoost's `eta`.
    """

    formula = "sum of 100 regression trees, each fitted to what those before it leave of y"
    source = "Chen & Guestrin 2016 (arXiv 1603.02754)"
    refits = True

    trees: Count = 100
    max_depth: Count = 6
    rate: Fraction = 0.3

    def predict_examples(
        self,
        xs: Float[Tensor, "batch length dim"],
        ys: Float[Tensor, "batch length"],
        queries: Float[Tensor, "batch length dim"],
        shown: Sequence[int],
    ) -> Float[Tensor, "batch queries"]:
        xgboost = _library()
        settings = {"max_depth": self.max_depth, "eta": self.rate, "nthread": 1, "seed": 0, "verbosity": 0}
        predictions = xs.new_empty(len(xs), len(shown))
        for b, (x, y, asked) in enumerate(zip(xs.numpy(), ys.numpy(), queries.numpy(), strict=True)):
            for place, i in enumerate(shown):
                examples = xgboost.DMatrix(x[:i], y[:i], nthread=1)
                booster = xgboost.train(settings, examples, num_boost_round=self.trees)
                predictions[b, place] = float(booster.inplace_predict(asked[i : i + 1])[0])
        return predictions


def _library() -> ModuleType:
    """XGBoost.

    Raises:
        UserError: It is not installed.
    """
    try:
        import xgboost
    except ImportError:
        raise UserError("gradient_boosting needs XGBoost: pip install 'icl-lab[boosting]'") from None
    return xgboost
