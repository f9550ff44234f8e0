"""Results and events into Elasticsearch or OpenSearch: nothing lost, nothing twice, and proved so at the end."""
