"""Scale, shift and errors of what is read off blocks."""

import numpy as np
import pytest
import torch

from icl_lab.core.errors import UserError
from icl_lab.core.streams import Stream
from icl_lab.models.presets.transformer import Transformer
from icl_lab.probing.layers import stream_after, streams_at_queries
from icl_lab.probing.questions import ask
from icl_lab.probing.readout.calibration import NUM_FITTED, calibrate, calibrate_together
from icl_lab.probing.readout.curves import decades, flat_until, read_off, steepest_quarter, straightness
from icl_lab.tasks.linear_regression import LinearRegression

TASK = LinearRegression(dim=3, length=14)


def drawn(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, generator=Stream(0, ("readout",)).torch_generator(), dtype=torch.float64)


def test_scale_and_shift_are_those_of_a_line_through_the_points() -> None:
    readings, labels = drawn(3, 4, 10), drawn(4, 10)
    found = calibrate(readings, labels)
    for block in range(3):
        for function in range(4):
            scale, shift = np.polyfit(readings[block, function], labels[function], 1)
            # Float64, ten points.
            assert found.scale[block, function].item() == pytest.approx(scale, rel=1e-9)
            assert found.shift[block, function].item() == pytest.approx(shift, rel=1e-9)


def test_a_silent_block_says_the_mean() -> None:
    labels = drawn(2, 10)
    found = calibrate(torch.full((1, 2, 10), 0.7), labels)
    assert (found.scale == 0).all()
    torch.testing.assert_close(found.shift[0], labels.mean(1))


def test_one_scale_and_shift_for_all_functions_are_those_of_a_line_through_all_points() -> None:
    readings, labels = drawn(3, 4, 10), drawn(4, 10)
    found = calibrate_together(readings, labels)
    assert found.scale.shape == found.shift.shape == (3, 4)
    for block in range(3):
        scale, shift = np.polyfit(readings[block].flatten(), labels.flatten(), 1)
        # Float64, forty points.
        np.testing.assert_allclose(found.scale[block], scale, rtol=1e-9)
        np.testing.assert_allclose(found.shift[block], shift, rtol=1e-9)


def test_both_variants_score_the_same_queries_and_fit_on_what_they_say() -> None:
    net = Transformer(d_model=16, num_layers=2, positions="none").build(TASK, Stream(0)).eval()
    asked = ask(TASK, shown=13, queries=NUM_FITTED + 5, functions=3, stream=Stream(0, ("unit",)))
    ((shown, stream),) = streams_at_queries(net, asked, [13])
    ours, released = (read_off(net, asked, shown, stream, fitted) for fitted in ("queries", "examples"))
    assert torch.equal(ours.readings, released.readings)
    assert ours.readings.shape == (len(net.backbone.blocks), 3, 5)
    # The released script fits on the last ten pairs of the prompt, each predicted from those before it.
    last = net.backbone.final_norm(stream_after(net, asked.tokens)[-1][:, 2 * 3 : 2 * 13 : 2])
    within = net.read_out(last)[..., 0].detach().double()
    wanted = calibrate(within[None], asked.ys[:, 3:13])
    torch.testing.assert_close(released.calibration.scale[-1], wanted.scale[0], rtol=1e-5, atol=1e-5)
    together = calibrate_together(within[None], asked.ys[:, 3:13])
    torch.testing.assert_close(released.together.scale[-1], together.scale[0], rtol=1e-5, atol=1e-5)
    # What blocks answer has the shared numbers, and the last block none at all.
    other = drawn(*ours.readings.shape)
    fit = ours.together
    torch.testing.assert_close(ours.answering(other)[0], fit.scale[0, 0] * other[0] + fit.shift[0, 0])
    assert torch.equal(ours.answering(other)[-1], other[-1])
    # float32 forward passes with other shapes: 1e-5 of numbers about 1.
    plain = (ours.readings[-1] - asked.answers[:, NUM_FITTED:].double()).square().mean(1) / TASK.dim
    torch.testing.assert_close(ours.plain_errors[-1], plain)


def test_too_little_to_fit_on_is_refused() -> None:
    net = Transformer(d_model=16, num_layers=1).build(TASK, Stream(0)).eval()
    asked = ask(TASK, shown=3, queries=NUM_FITTED, functions=2, stream=Stream(0, ("unit",)))
    ((shown, stream),) = streams_at_queries(net, asked, [3])
    with pytest.raises(UserError, match="more than 10 queries, got 10"):
        read_off(net, asked, shown, stream)


def test_shapes_of_curves_over_depth() -> None:
    def curve(*errors: float) -> np.ndarray:
        return np.array(errors)[None]

    assert flat_until(curve(1, 1, 1, 1, 0.1)) == 1.0
    assert flat_until(curve(1, 0.1, 0.1, 0.1, 0.1)) == 0.25
    assert decades(curve(1, 0.1, 0.01)) == pytest.approx(2)
    assert straightness(curve(1, 0.1, 0.01)) == pytest.approx(1)
    # A step in the middle of 4 points: r^2 = (2/sqrt(5))^2 = 0.8.
    assert straightness(curve(1, 1, 0.1, 0.1)) == pytest.approx(0.8)
    assert straightness(curve(0.1, 0.1, 1, 1)) == 0
    # One cliff among 24 layers is straight enough for a bound of 0.7, and all of it is in a quarter of the depth.
    cliff = curve(*[1.0] * 12, *[1e-3] * 12)
    assert straightness(cliff) > 0.7
    assert steepest_quarter(cliff) == pytest.approx(1)
    assert steepest_quarter(curve(*np.logspace(0, -3, 24))) == pytest.approx(0.25)
    assert steepest_quarter(curve(0.1, 0.1, 1, 1)) == 1
