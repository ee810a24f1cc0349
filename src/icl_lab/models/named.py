"""Models as people name them: what stands wherever a model is asked for.

mamba                           a preset
mamba(selective=none)           a preset with settings
mamba3, mamba3(d_state=4)       a block that is no preset: two of it a layer, as the presets of one kind of block have
mamba (attention mamba)*2       a pattern; `mamba*1` is a single block
"""

from collections.abc import Mapping
from typing import Any

from icl_lab.core.errors import UnknownName, UserError
from icl_lab.core.registry import Registry
from icl_lab.core.specs import field_types
from icl_lab.models.channel_mixers.base import CHANNEL_MIXERS
from icl_lab.models.mixers.base import MIXERS
from icl_lab.models.notation import read_block, read_pattern
from icl_lab.models.presets.base import PRESETS, Preset
from icl_lab.models.presets.pattern import Pattern, two_a_layer

BLOCKS: tuple[Registry[Any], ...] = (MIXERS, CHANNEL_MIXERS)


def read_model(text: str) -> tuple[type[Preset], Mapping[str, str]]:
    """The preset that a name or pattern stands for, and the fields that it sets, as text.

    >>> kind, settings = read_model("mamba(d_model=16)")
    >>> kind.__name__, settings
    ('Mamba', {'d_model': '16'})

    Raises:
        UnknownName: It is one word, and neither a preset nor a block.
        UserError: The text cannot be read, or a preset has no such field.
    """
    block = read_block(text)
    if block is None:
        return Pattern, {"blocks": text}
    name, settings = block
    if name in PRESETS:
        _refuse_settings_of_blocks(name, settings, text)
        return PRESETS.get(name), settings
    if not any(name in registry for registry in BLOCKS):
        raise UnknownName("model", name, {known for each in (PRESETS, *BLOCKS) for known in each.names()})
    read_pattern(text)  # refuses here, so that the message shows what was written
    return Pattern, {"blocks": two_a_layer(text)}


def _refuse_settings_of_blocks(name: str, settings: Mapping[str, str], text: str) -> None:
    if name not in MIXERS:
        return
    fields = field_types(PRESETS.get(name))
    for key in settings:
        if key not in fields and key in field_types(MIXERS.get(name)):
            raise UserError(
                f"the model {name} has no field {key!r}, but its blocks have one: write it as a pattern, "
                f"{two_a_layer(text)}"
            )
