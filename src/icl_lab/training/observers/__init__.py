"""Observers of a training run: they are told what happened and change nothing. One a file."""
