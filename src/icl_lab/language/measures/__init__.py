"""From answers to numbers: `intervals` says how sure an accuracy is, `summary` makes records of all of them."""
