"""The options of `icl fewshot`, as its help says them."""

from pathlib import Path
from typing import Annotated

import typer

Words = Annotated[
    list[str] | None,
    typer.Argument(metavar="[import-hendel DIR]", help="Instead: read the lists of Hendel et al. 2023 in DIR."),
]
Models = Annotated[
    str,
    typer.Option(
        "--model",
        "--models",
        help="A name such as smollm2-135m (Instruct, 4-bit), a folder, a .gguf file, a hub name; or several",
    ),
]
Tasks = Annotated[
    str, typer.Option(help="Names from `icl list language_task`, CSV files, `reported` or `all`, with commas.")
]
Shots = Annotated[
    str, typer.Option(help="Numbers of demonstrations, with commas; what a task has too few pairs for is left out.")
]
Queries = Annotated[int, typer.Option(min=1, help="Queries of each task, for each seed.")]
Seeds = Annotated[int, typer.Option(min=1, help="How often queries and demonstrations are drawn anew.")]
Controls = Annotated[
    str | None,
    typer.Option(help="shuffled, random, both with a comma, or none; by default shuffled, on knowledge tasks."),
]
PerSet = Annotated[
    int, typer.Option(min=1, help="Queries that share their demonstrations; 1 as published, and slower.")
]
TemplateOption = Annotated[
    str, typer.Option(help="published, arrow, equals, question, or a line with {input} that ends with {output}.")
]
AnswersOption = Annotated[str, typer.Option(help="token: one, as published; whole: up to the end of the line.")]
Vectors = Annotated[
    int,
    typer.Option("--task-vectors", min=0, help="Queries a task for task vectors, patched layer by layer; 0: none."),
]
Pairs = Annotated[
    Path | None, typer.Option(help="Folder with lists of pairs instead of ours, as `import-hendel` writes it.")
]
Out = Annotated[Path | None, typer.Option(help="Folder of the evaluation; answers in it are used again.")]
