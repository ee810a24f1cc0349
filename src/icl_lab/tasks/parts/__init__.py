"""What tasks are put together from: the layout of a prompt, objectives, curricula, closed forms, random automata."""
