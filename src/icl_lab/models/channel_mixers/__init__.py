"""Channel mixers: the part of a block that acts on each position alone. One a file."""
