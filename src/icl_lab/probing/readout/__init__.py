"""Reading a prediction off every block with the network's own final norm and read-out, scale and shift fitted anew.

`calibration.py` the fits; `curves.py` the errors over depth, as rows.
"""
