"""Looking inside trained networks, for `icl probe` and for the parts of studies.

`trained.py` networks from their folders; `look.py` into a folder with rows and a page; `published.py` published rows
beside them; `jobs.py` what a study has to look into; `joined.py` what was found there, as rows that claims are about.
"""
