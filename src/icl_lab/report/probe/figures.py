"""Which figures the page of a probe has, and their captions."""

from icl_lab.report.drawing.drawn import Drawn
from icl_lab.report.probe.beside import beside_picture
from icl_lab.report.probe.changes import change_figures
from icl_lab.report.probe.damping import damping_picture
from icl_lab.report.probe.data import Looked, Probe
from icl_lab.report.probe.depth import depth_picture, fit_picture, published_fits
from icl_lab.report.probe.methods import method_figures
from icl_lab.report.probe.targets import bits_picture, probes_picture
from icl_lab.report.probe.training import training_figures


def draw_probe(probe: Probe, network: Looked) -> list[Drawn]:
    """Every figure that there are rows for, in the order of the page."""
    points = probe.shown(network)
    measure = probe.measure.words
    return [
        *_depth_figures(probe, network, points, measure),
        *training_figures(probe),
        *method_figures(probe, network, points),
        *_damping_figure(probe, measure),
        *_probe_figures(probe, network),
        *change_figures(probe, network),
    ]


def _depth_figures(probe: Probe, network: Looked, points: list[int], measure: str) -> list[Drawn]:
    """Error over depth, as far as it was measured: with fits, for numbers of examples, or for whole prompts."""
    told = "What the network's own final norm and read-out make of the residual stream after each block, "
    if points and probe.read_out(network) == "layer_error":
        published = " Light bands: published curves, by relative depth." if probe.published else ""
        told += (
            "with a scale and a shift fitted for each function on ten queries and judged on others: two numbers fitted "
            "on 10 labels cost about a fifth of the variance where a block says nothing. One line for each number of "
            "examples; bands are 90% intervals over functions. Dotted: without scale and shift, after "
            f"{probe.end(network)} examples.{published}"
        )
    elif points:
        told += (
            f"beside {probe.measure.zero}. One line for each number of examples; bands are 90% intervals over "
            "functions."
        )
    elif len(probe.of(network, "layer_plain_error")):
        told += f"beside {probe.measure.zero}, with 90% intervals over prompts."
    else:
        return []
    found = [Drawn("depth", "Error over depth", told, depth_picture(probe, network, measure))]
    found += _beside_figure(probe, network, measure)
    end = probe.end(network)
    if end is not None and probe.read_out(network) == "layer_error":
        found.append(_fit_figure(probe, network, end))
    return found


def _beside_figure(probe: Probe, network: Looked, measure: str) -> list[Drawn]:
    picture = beside_picture(probe, network, measure)
    told = (
        "The same read-out beside what is published, from the first block to the last, whatever their number (Grazzi "
        "et al., figures 3d and 4; bands are 95% intervals). Grey: 0 to 23 steps of gradient descent and of GD++ on "
        "the examples, without any network: lines are ours, dots published, brought to the right scale (they are "
        "printed a factor of 20 too low)."
    )
    return [Drawn("beside", "Beside the published layers", told, picture)] if picture is not None else []


def _fit_figure(probe: Probe, network: Looked, shown: int) -> Drawn:
    told = (
        f"The fits behind the figure above after {shown} examples, means over functions with 90% intervals. A block "
        f"that speaks the language of the read-out needs scale 1 and shift 0.{published_fits(probe, shown)}"
    )
    return Drawn("scale-and-shift", "Scale and shift", told, fit_picture(probe, network))


def _damping_figure(probe: Probe, measure: str) -> list[Drawn]:
    picture = damping_picture(probe.records, measure)
    told = (
        "Error of GD++ after 24 steps on 40 examples against how much it damps the directions in which inputs are "
        "large; a method, no network. Blue: ours, with 90% intervals over functions. Grey dots: published, figure 11 "
        "of Grazzi et al."
    )
    return [Drawn("damping", "How much should GD++ damp?", told, picture)] if picture is not None else []


def _probe_figures(probe: Probe, network: Looked) -> list[Drawn]:
    if not len(probe.of(network, "probe_ridge")):
        return []
    seeds = probe.settings.get("seeds", "several")
    told = (
        "Share of the variance of each target that a probe explains on functions it has not seen, block by block; "
        f"bands from the smallest to the largest of {seeds} seeds. Fresh weights: the same architecture, never "
        "trained; a probe that does as well on it says nothing of what was learned. Shuffled target: nothing to find. "
        "Query alone: a linear probe of the embedding of the query, which has seen no example."
    )
    found = [Drawn("probes", "What can be read from the stream", told, probes_picture(probe, network))]
    if len(probe.of(network, "probe_bits")):
        told = (
            "Bits a number that a linear probe saves when the target is sent piece by piece, each coded with a probe "
            "fitted on those before (online code, Voita & Titov 2020): of two probes that explain as much, the one "
            f"that needs fewer examples to do so saves more. Bands: {seeds} seeds. Dashed: fresh weights."
        )
        found.append(Drawn("bits", "How easily it is read", told, bits_picture(probe, network)))
    return found
