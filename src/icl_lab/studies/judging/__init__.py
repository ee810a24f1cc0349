"""Deciding claims: quantities read off rows, statements about them, claims, and marks."""
