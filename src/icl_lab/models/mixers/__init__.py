"""Sequence mixers: the part of a block that moves information between positions. One a file."""
