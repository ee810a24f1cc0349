"""Distributions of the inputs x: one a file."""
