"""Reports: what a project came to."""
