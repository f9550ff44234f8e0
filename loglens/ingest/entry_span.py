"""Which spans are requests: what every statement that stores spans puts into `is_entry`."""

# Over the columns kind and parent_span_id. A root may be the whole of a job; a call is what somebody else answers.
ENTRY_SPAN = "(kind IN ('SERVER', 'CONSUMER') OR (kind IN ('INTERNAL', 'UNSPECIFIED') AND parent_span_id IS NULL))"
