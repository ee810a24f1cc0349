"""Baselines: one classical predictor a file, fitted anew on every prefix of every prompt.

`parts/` holds what several of them share.
"""
