"""All that is kept. Nobody else writes SQL."""
