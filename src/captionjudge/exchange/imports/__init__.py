"""What others recorded, taken into a project."""
