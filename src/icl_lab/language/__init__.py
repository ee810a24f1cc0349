"""In-context learning of pretrained language models: few-shot tasks on text.

Rooms, each of which knows only those before it:

* `models/` answer a prompt of text;
* `pairs/` are lists of inputs and outputs, kept in `data/`; `tasks/` holds one task a file, made of them;
* `prompts/` makes text of pairs; `asking/` asks, judges and keeps the answers; `measures/` makes records of them;
* `task_vectors/` looks inside a model while it is asked.

`base` says what a task is, `spec` what is asked of a model, and `folder` writes down what came out.
"""
