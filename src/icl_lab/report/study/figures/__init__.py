"""Figures over the parts of a study, as values, and how they become pictures. They show records and nothing else.

A study names its figures, `study.json` keeps them, the page draws them: a figure more is a value more, a kind more is
a file more, listed in `drawing.py`.
"""
