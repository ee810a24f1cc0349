"""Questions as values: what is compared, by which recipe, at which scale."""
