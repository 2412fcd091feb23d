"""The asynchronous runner: claims, calls, retries, budget, progress."""
