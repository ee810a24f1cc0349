"""Presets: the models of the papers, by name. One a file; each says which details are whose."""
