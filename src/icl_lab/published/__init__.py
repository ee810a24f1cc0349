"""Published learning curves: data read from papers, with what is needed to lay them beside ours."""
