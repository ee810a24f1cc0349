"""The tests check the shapes that signatures name; were that switched off, all would go on passing."""

import importlib

import jaxtyping
import numpy as np
import pytest

from icl_lab.evaluation.statistics import mean_curve
from tests.conftest import modules_that_name_shapes


def test_an_array_of_another_shape_is_refused() -> None:
    assert mean_curve(np.ones((3, 2))).shape == (2,)
    with pytest.raises(jaxtyping.TypeCheckError):
        mean_curve(np.ones(3))


@pytest.mark.parametrize("name", ["icl_lab.core.prompts", "icl_lab.tasks.linear_regression", "icl_lab.models.network"])
def test_the_modules_that_are_checked_are_found(name: str) -> None:
    assert name in modules_that_name_shapes()
    assert importlib.import_module(name).__loader__.__class__.__module__ == "jaxtyping._import_hook"
