"""The sentence on a network claims no more than was found."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from matplotlib.text import Text

import icl_lab.report
from icl_lab.core.records import SCHEMA, Record
from icl_lab.report.probe.data import Looked, Probe
from icl_lab.report.probe.figures import draw_probe
from icl_lab.report.probe.words import NONE, UNLIKE, block_rows, conclusion

NETWORK = Looked(run="r", label="mamba", blocks=("mamba", "mamba"))
ZERO = 2.0


def probe_of(nearest: str, family: str, distance: float, nothing: float, *as_near: str, first: str = "") -> Probe:
    def row(metric: str, block: int, value: float, about: str = "", **more: Any) -> Record:
        return Record(
            run="r", predictor="mamba", task="t", metric=metric, value=value, block=block, about=about, shown=40, **more
        )

    rows = []
    for block, own in enumerate((first or family, family)):
        rows += [
            row("layer_error", block, 0.714),
            row("layer_plain_error", block, 0.607),
            row("layer_scale", block, 0.98),
            row("layer_shift", block, 0.01),
            row("nearest", block, distance, nearest),
            row("nearest_family", block, distance, own),
            row("distance", block, nothing, "nothing"),
        ]
    rows += [row("as_near", 1, distance, name) for name in as_near]
    frame = pl.DataFrame([vars(one) for one in rows], schema=SCHEMA)
    return Probe(task={}, metric="error", zero_error=ZERO, networks=(NETWORK,), records=frame)


def test_a_method_that_leaves_much_of_the_answers_is_not_said_to_be_it() -> None:
    far = conclusion(probe_of("averaging", "averaging", 0.17, 0.41), NETWORK)
    assert far.startswith("after 40 examples the last block is like none of the methods; nearest averaging, share unex")
    assert "share unexplained 0.415, distance 0.170;" in far
    near = conclusion(probe_of("averaging", "averaging", 0.0041, 0.41), NETWORK)
    assert "every block is nearest to averaging, share unexplained 0.010" in near


def test_most_is_said_of_what_lies_within_the_context_of_the_training() -> None:
    probe = probe_of("averaging", "averaging", 0.0041, 0.41)
    longer = pl.concat([probe.records, probe.records.with_columns(pl.lit(160).alias("shown").cast(pl.Int64))])
    both = replace(probe, records=longer)
    for length, end in ((41, 40), (40, 160), (161, 160)):
        network = replace(NETWORK, spec={"task": {"length": length}})
        assert (both.shown(network), both.end(network)) == ([40, 160], end)
        assert conclusion(both, network).startswith(f"after {end} examples")
    assert both.end(NETWORK) == 160
    assert replace(probe, records=probe.records.clear()).end(NETWORK) is None


def test_the_family_holds_for_the_blocks_and_its_settings_for_the_last() -> None:
    steps = "8 steps of gradient descent"
    every = conclusion(probe_of(steps, "gradient descent", 0.001, 0.4), NETWORK)
    assert "every block is nearest to gradient descent (here with 8 steps), share" in every
    last = conclusion(probe_of(steps, "gradient descent", 0.001, 0.4, first="nothing"), NETWORK)
    assert "the last block is nearest to gradient descent (here with 8 steps), share" in last


@pytest.mark.parametrize("distance", [0.001, 0.2])
def test_methods_that_are_not_told_apart_are_named_together(distance: float) -> None:
    said = conclusion(probe_of("least squares", "least squares", distance, 0.4, "7 Newton iterations"), NETWORK)
    assert "one of least squares, 7 Newton iterations, share" in said


def test_a_training_that_is_not_over_is_said_to_be_so() -> None:
    probe = probe_of("averaging", "averaging", 0.17, 0.41)
    begun = replace(NETWORK, step=500, planned=4000)
    assert conclusion(probe, begun).startswith("after 500 of 4,000 steps of training: after 40 examples")
    assert conclusion(probe, replace(begun, step=4000)).startswith("after 40 examples")
    assert conclusion(Probe(task={}, metric="", zero_error=1.0, networks=()), begun) == (
        "after 500 of 4,000 steps of training"
    )


@pytest.mark.parametrize("size", [0.01, 1.62 * ZERO])
def test_answering_nothing_explains_nothing_of_what_is_answered(size: float) -> None:
    probe = probe_of("nothing (0)", "nothing", size, size)
    last = block_rows(probe, NETWORK)[-1]
    assert (last.unexplained, last.nearest) == (1, NONE)
    assert "like none of the methods; nearest nothing, share unexplained 1.00" in conclusion(probe, NETWORK)
    silent = block_rows(probe_of("nothing (0)", "nothing", 0.0, 0.0), NETWORK)[-1]
    assert (silent.unexplained, silent.nearest) == (None, NONE)


def test_the_table_names_none_where_the_sentence_does() -> None:
    for left, named in ((0.09, "averaging"), (0.11, NONE)):
        probe = probe_of("averaging", "averaging", left, 1.0, "least squares")
        row = block_rows(probe, NETWORK)[-1]
        assert (row.nearest, row.others) == (named, named != NONE)
        assert ("like none" in conclusion(probe, NETWORK)) == (named == NONE)
    template = Path(icl_lab.report.__file__).parent / "templates" / "probe.html.j2"
    assert UNLIKE == 0.1
    assert "where that is more than a tenth no method is named" in template.read_text()


def test_the_error_of_the_network_stands_beside_that_with_fitted_numbers() -> None:
    said = conclusion(probe_of("averaging", "averaging", 0.17, 0.41), NETWORK)
    assert said.endswith("last layer: scale 0.98, shift 0.01, error 0.607 of its own, 0.714 with both")


def of_classes(*errors: tuple[float, float, float]) -> Probe:
    """A probe of answers that are right or wrong: an error with its interval for every block."""
    rows = [
        Record(run="r", predictor="mamba", task="t", metric="layer_plain_error", block=block, shown=9,
               value=value, low=low, high=high)
        for block, (value, low, high) in enumerate(errors)
    ]  # fmt: skip
    frame = pl.DataFrame([vars(one) for one in rows], schema=SCHEMA)
    network = replace(NETWORK, blocks=("mamba",) * len(errors))
    return Probe(
        task={}, metric="error_rate", complement="accuracy", zero_error=0.5, networks=(network,), records=frame
    )


def test_right_and_wrong_answers_are_held_against_chance_and_need_no_scale() -> None:
    probe = of_classes((0.5, 0.45, 0.55), (0.28, 0.2, 0.3), (0.1, 0.05, 0.2))
    assert conclusion(probe, probe.networks[0]) == (
        "after 9 examples accuracy 0.900 [0.800 to 0.950] after the last block, chance 0.500; half of what is gained "
        "over chance is there from block 1 on"
    )
    rows = block_rows(probe, probe.networks[0])
    assert [row.error[0] for row in rows] == [0.5, 0.28, 0.1]
    assert {(row.scale, row.shift, row.nearest) for row in rows} == {(None, None, "")}
    drawn = {one.stem: one for one in draw_probe(probe, probe.networks[0])}
    assert set(drawn) == {"depth"}
    assert "chance" in drawn["depth"].caption
    assert "chance" in {text.get_text() for text in drawn["depth"].picture.findobj(Text)}


def test_what_is_not_better_than_chance_is_said_to_be_so() -> None:
    probe = of_classes((0.5, 0.45, 0.55), (0.48, 0.44, 0.52))
    assert conclusion(probe, probe.networks[0]).endswith("chance 0.500: not told apart from chance")
