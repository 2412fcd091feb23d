"""What judgments teach, as files of other tools."""
