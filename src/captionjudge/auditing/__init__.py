"""Active checks of a judge: questions of which it is known what a judge that looks and is fair would answer."""
