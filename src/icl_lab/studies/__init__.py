"""Questions as values: what is compared, by which recipe, at which scale. A file a paper or question.

`base.py` what a study is; `parts.py` its parts at a scale; `faults.py` what is wrong with one; `grazzi/` and
`park/` plans and claims of the two papers; `judging/` claims decided on rows; `tuning/` recipes and the search for
them; `running/` from a study to its page; `probing/` looking inside what it trained.
"""
