"""Running a study: its jobs, what they cost, and from them to a page."""
