"""The review page: a person makes the final choice in a browser."""
