"""What baselines are put together from; none of it is a baseline itself."""
