"""Lists of pairs: what is asked and what is right.

`csv_lists` reads and writes files of them; `listed` are tasks that have such a list, `letters` tasks that have a rule;
`synonyms` says which English words share a meaning; `import_hendel` reads the original lists where a user has them.
"""
