"""What judging and reviewing came to, for adjudicators: figures with their tables, files and the items behind them."""
