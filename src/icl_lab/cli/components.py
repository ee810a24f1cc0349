"""`icl list` and `icl describe`: what there is, and what each thing is."""

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from icl_lab.catalogue import KINDS, field_notes, find, summary
from icl_lab.cli.console import print_json, print_table, results
from icl_lab.cli.notes.activation import activation_notes, activation_rows
from icl_lab.cli.notes.language import language_notes, print_language_notes
from icl_lab.cli.notes.shipped import TRAINED, describe_trained, trained_summary
from icl_lab.cli.notes.study import print_study_notes, study_notes
from icl_lab.cli.notes.task import print_task_notes, task_notes
from icl_lab.cli.settings import parse
from icl_lab.core.errors import UserError
from icl_lab.core.scales import Scale
from icl_lab.core.specs import Spec, field_types, required_fields
from icl_lab.core.streams import Stream
from icl_lab.language.base import LanguageTask
from icl_lab.models.notation import read_block, write_pattern
from icl_lab.models.presets.base import PRESETS, Preset
from icl_lab.models.presets.pattern import Pattern
from icl_lab.shipped.finding import shipped_names
from icl_lab.studies.base import STUDIES
from icl_lab.tasks.base import TASKS, Task

Json = Annotated[bool, typer.Option("--json", help="One JSON value instead of tables.")]


def list_components(
    kind: Annotated[str | None, typer.Argument(help="Only this kind: task, model, baseline ...")] = None,
    as_json: Json = False,
) -> None:
    """List everything that can be named: tasks, models, baselines and their parts."""
    from icl_lab.core.errors import UnknownName

    kinds = (*KINDS, TRAINED)
    if kind is not None and kind not in kinds:
        raise UnknownName("kind", kind, kinds)
    listing = {each: _members(each) for each in ([kind] if kind else kinds)}
    if as_json:
        print_json(listing)
        return
    rows = [(each, name, sentence) for each, members in listing.items() for name, sentence in members.items()]
    print_table(("kind", "name", "what it is"), rows)


def _members(kind: str) -> dict[str, str]:
    """What there is of a kind, a sentence each."""
    if kind == TRAINED:
        return {name: trained_summary(name) for name in shipped_names()}
    return {name: summary(KINDS[kind].get(name)) for name in KINDS[kind].names()}


def describe(
    name: Annotated[
        str, typer.Argument(help="A name from `icl list`, with or without settings, or a pattern of blocks.")
    ],
    settings: Annotated[
        list[str] | None, typer.Argument(metavar="[KEY=VALUE]...", help="Settings to describe it with.")
    ] = None,
    scale: Annotated[Scale | None, typer.Option(help="Of a study: what it costs at this scale.")] = None,
    gpu_tflops: Annotated[
        float | None, typer.Option(min=0, help="Of a study: hours on a GPU that does so many TFLOPs a second.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Describe one component: what it is, its formula and source, its fields with ranges, its resolved spec.

    Of a task also the layout, drawn on one prompt, its baselines, its shifts, and which defects of released code it
    does not have. Of a study its parts and claims, and with --scale what it costs.

    icl describe linear_regression queries=orthogonal
    icl describe mambaformer d_model=128 num_layers=4
    icl describe "mamba (attention mamba)*2"
    icl describe park2024 --scale paper --gpu-tflops 50
    """  # noqa: D412
    costly = [option for option, given in (("--scale", scale), ("--gpu-tflops", gpu_tflops is not None)) if given]
    if costly and name not in STUDIES.names():
        raise UserError(f"{costly[0]} is for a study ({', '.join(STUDIES.names())}), and {name!r} is none")
    if gpu_tflops is not None and (scale is None or gpu_tflops == 0):
        raise UserError("--gpu-tflops: expected more than 0, together with --scale, whose trainings it is about")
    if name in shipped_names():
        describe_trained(name, as_json=as_json)
        return
    found, named = _named(name)
    chosen = {**named, **parse(settings or [], ()).task}
    # A task and a baseline may share a name: settings speak of the one that has such fields.
    heads = {key.partition(".")[0] for key in chosen}
    fitting = [(kind, component) for kind, component in found if heads <= set(field_types(component))] or found
    described = [_description(kind, component, chosen) for kind, component in fitting]
    for entry in described:
        if entry["kind"] == STUDIES.kind:
            entry |= study_notes(STUDIES.get(entry["name"])(), scale, gpu_tflops or 0.0)
    if as_json:
        print_json(described)
        return
    for entry in described:
        _print(entry)


def _named(text: str) -> tuple[list[tuple[str, type[Spec]]], Mapping[str, str]]:
    """The components that a name, a name with settings, or a pattern stands for, with the settings in it."""
    block = read_block(text)
    if block is None and any(letter in text for letter in " ()*"):
        return [(PRESETS.kind, Pattern)], {"blocks": text}
    name, named = block or (text, {})
    return find(name), named


def _description(kind: str, component: type[Spec], chosen: Mapping[str, str]) -> dict[str, Any]:
    spec = None if required_fields(component) else component().override(chosen)
    notes = field_notes(component)
    entry: dict[str, Any] = {
        "kind": kind,
        "name": component.spec_name(),
        "summary": summary(component),
        "formula": getattr(component, "formula", ""),
        "source": getattr(component, "source", ""),
        "fields": [vars(note) for note in notes],
        "spec": spec and spec.to_json(),
    }
    if isinstance(spec, Preset):
        task = TASKS.get("linear_regression")()
        entry["resolved_for"] = task.to_json()
        network = spec.network(task)
        entry["network"] = network.to_json()
        entry["blocks"] = write_pattern(network.backbone.pattern)
        entry["activations"] = activation_notes(spec.build(task, Stream(0)))
    if isinstance(spec, Task):
        entry |= task_notes(spec)
    if isinstance(spec, LanguageTask):
        entry |= language_notes(spec)
    return entry


def _print(entry: dict[str, Any]) -> None:
    console = results()
    console.print(f"[bold]{entry['name']}[/bold] ({entry['kind'].replace('_', ' ')})  {entry['summary']}")
    for key in ("formula", "source"):
        if entry[key]:
            console.print(f"{key}: {entry[key]}", markup=False)
    if "claims" in entry:
        print_study_notes(entry)
        return
    if "judged" in entry:
        print_language_notes(entry)
    if "layout" in entry:
        print_task_notes(entry)
    if entry["fields"]:
        console.print()
        rows = [(n["name"], n["default"] or "", n["allowed"], n["meaning"]) for n in entry["fields"]]
        print_table(("field", "default", "allowed", "meaning"), rows)
    console.print()
    if entry["spec"]:
        console.print("spec: ", end="")
        console.print_json(data=entry["spec"])
    if "network" in entry:
        backbone = entry["network"]["backbone"]
        console.print(f"blocks, for {entry['resolved_for']['task']}: {entry['blocks']}", markup=False)
        console.print(f"norm: {backbone['norm']}, {backbone['norm_order']}; --json has the whole network spec")
        console.print()
        print_table(("activation", "blocks", "shape", "what it is"), activation_rows(entry["activations"]))
