"""Park et al. 2024 in parts: what is run, and what is claimed; `studies/park2024.py` is the study."""
