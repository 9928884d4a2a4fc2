"""Recipes: what `train { … }` may say, and what one says."""
