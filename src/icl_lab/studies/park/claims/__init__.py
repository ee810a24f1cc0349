"""What Park et al. 2024 claim, as far as it could be verified; see `source` of each."""
