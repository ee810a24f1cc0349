"""KEY=VALUE settings go where their prefix says."""

import pytest

from icl_lab.cli.comparison_settings import Asked, comparison_spec
from icl_lab.cli.settings import numbers, parse
from icl_lab.comparisons.comparison import ComparisonSpec
from icl_lab.core.errors import UserError


def asked(*arguments: str, models: tuple[str, ...] = ("mamba", "transformer")) -> ComparisonSpec:
    return comparison_spec(Asked(task="linear_regression", settings=arguments, models=models))


def test_settings_are_sorted_by_prefix() -> None:
    settings = parse(["dim=5", "task.length=7", "model.d_model=32", "inputs.exponent=2"], ("model",))
    assert settings.task == {"dim": "5", "length": "7", "inputs.exponent": "2"}
    assert settings.of("model") == {"d_model": "32"}
    assert settings.of("mamba") == {}


def test_a_value_may_hold_an_equals_sign() -> None:
    assert parse(["note=a=b"], ()).task == {"note": "a=b"}


@pytest.mark.parametrize("argument", ["dim", "=5", ""])
def test_what_is_not_key_and_value_is_refused(argument: str) -> None:
    with pytest.raises(UserError, match="expected KEY=VALUE"):
        parse([argument], ())


def test_a_model_setting_reaches_every_model_that_has_the_field() -> None:
    spec = asked("model.d_model=32", "model.num_heads=4", "mamba.num_layers=3")
    mamba, transformer = (entry.model.to_json() for entry in spec.entries)
    assert (mamba["d_model"], mamba["num_layers"]) == (32, 3)
    assert (transformer["d_model"], transformer["num_layers"], transformer["num_heads"]) == (32, 2, 4)


def test_fields_that_are_possible_only_together_can_be_set_in_any_order() -> None:
    for arguments in (("model.d_model=20", "model.num_heads=5"), ("model.num_heads=5", "model.d_model=20")):
        assert asked(*arguments, models=("transformer",)).entries[0].model.to_json()["num_heads"] == 5


def test_training_settings_are_the_same_for_every_model() -> None:
    spec = asked("training.batch=16", "training.optimiser=adam", "training.optimiser.rate=0.01")
    assert {entry.training for entry in spec.entries} == {spec.entries[0].training}
    training = spec.entries[0].training.to_json()
    assert training["batch"] == 16
    assert training["optimiser"]["optimiser"] == "adam"
    assert training["optimiser"]["rate"] == 0.01


def test_the_seeds_of_a_round_come_before_the_next_round() -> None:
    spec = asked().replace(num_seeds=2)
    assert [(run.model.spec_name(), run.seed) for run in spec.runs()] == [
        ("mamba", 0),
        ("transformer", 0),
        ("mamba", 1),
        ("transformer", 1),
    ]


def test_a_comparison_survives_json() -> None:
    spec = asked("inputs=skewed")
    assert ComparisonSpec.from_json(spec.to_json()) == spec


def test_a_model_may_come_twice_with_settings_in_parentheses() -> None:
    spec = asked("model.d_model=8", "mamba.num_layers=3", models=("mamba(d_model=16)", "mamba(d_model=32)", "mamba"))
    models = [entry.model.to_json() for entry in spec.entries]
    assert [model["d_model"] for model in models] == [16, 32, 8]
    assert [model["num_layers"] for model in models] == [3, 3, 3]
    assert len({spec.label(entry.model) for entry in spec.entries}) == 3


def test_a_width_that_a_match_chooses_cannot_be_set() -> None:
    models = ("mamba", "mamba(d_model=16,selective=none)")
    with pytest.raises(UserError, match=r"^mamba\.d_model is set, but --match chooses it"):
        comparison_spec(Asked(task="linear_regression", models=models, match="parameters=100000"))


@pytest.mark.parametrize("text", ["", " ,", "3,x", "-1", "1.5", "0,3", "\u00b2", "3,\u2460"])  # 2 raised, 1 in a circle
def test_what_is_no_list_of_whole_numbers_is_refused(text: str) -> None:
    with pytest.raises(UserError, match="--shown: expected numbers of examples, got "):
        numbers("--shown", text, least=1, expected="numbers of examples")


def test_numbers_are_in_order_and_there_once() -> None:
    assert numbers("--shown", " 10, 5,10,", least=1, expected="numbers") == (5, 10)
    assert numbers("--shots", "0", least=0, expected="numbers") == (0,)
