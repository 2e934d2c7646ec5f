"""A run, a sweep or a comparison as one HTML page that needs nothing else."""
