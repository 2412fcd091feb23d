"""The judge card: what the figures say, how far a judge is to be trusted, and by which rule, as one page."""
