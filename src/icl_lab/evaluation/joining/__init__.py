"""Rows of trainings that were measured on several occasions, of which the errors of single prompts are gone."""
