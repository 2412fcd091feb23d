"""What the labelling platform's public clients speak, answered from the project's own store."""
