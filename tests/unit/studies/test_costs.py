"""The cost of a deep model is that of two shallow ones, continued."""

import pytest

from icl_lab.comparisons.recipes import model_at
from icl_lab.evaluation.size import measure
from icl_lab.studies.running.costs import prompt_flops
from icl_lab.tasks.linear_regression import LinearRegression

TASK = LinearRegression(dim=3, length=5)


@pytest.mark.parametrize(
    "name", ["transformer", "mamba", "mambaformer", "transformer_mamba_first", "(gru)*4", "mamba (attention mlp)*L"]
)
def test_operations_grow_by_the_same_with_every_layer(name: str) -> None:
    model = model_at("smoke", name).replace(num_layers=4)
    assert prompt_flops(model, TASK) == measure("flops", model, TASK)
