"""Trained models that come with the package, so that there is something to evaluate and to look into at once.

models/<task>/<model>/      what `icl train` leaves of a run, but for the optimiser's state and the training curve
"""
