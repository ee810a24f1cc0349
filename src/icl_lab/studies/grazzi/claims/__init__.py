"""What Grazzi et al. 2024 claim, with margins that their own curves keep (`tests/golden/test_published_claims.py`).

That a model gets down to some level is shown by a training or not; one much shorter than theirs does not refute it.
"""
