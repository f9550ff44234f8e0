"""Why a group of requests differs from another: which requests are compared, and what the comparison says."""
