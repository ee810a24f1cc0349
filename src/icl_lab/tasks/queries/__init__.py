"""Ways to ask about other inputs than the next example's: one a file."""
