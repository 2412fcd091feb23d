"""Requests that are answered by batches: written to a file, submitted, waited for, collected."""
