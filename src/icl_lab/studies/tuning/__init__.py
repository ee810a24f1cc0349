"""Recipes: a search under one budget for every architecture, and what it chose."""
