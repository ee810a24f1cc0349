"""Grazzi et al. 2024 in parts: what is run, and what is claimed; `studies/grazzi2024.py` is the study."""
