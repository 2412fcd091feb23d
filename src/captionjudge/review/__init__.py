"""The review page: people see an image with its descriptions, and choose."""
